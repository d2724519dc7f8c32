#!/bin/sh
# Writes `.env` from `.env.example`, with a fresh secret wherever a value is missing. Never touches one that is there.
set -eu
cd "$(dirname "$0")/.."

if [ -e .env ]; then
  echo ".env is there already, and its secrets may be in use: nothing was changed." >&2
  exit 1
fi

umask 077
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    [A-Z]*=) echo "$line$(openssl rand -hex 32)" ;;
    *) echo "$line" ;;
  esac
done < .env.example > .env.unfinished
mv .env.unfinished .env
echo "Wrote .env. The operator's key is COUNTERSIGN_BOOTSTRAP_KEY in it."
