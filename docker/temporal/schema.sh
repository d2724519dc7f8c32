#!/bin/sh
# Makes the tables of Temporal's two databases, or brings them to the server's version. Runs as often as one likes: the
# first step leaves a database alone that has tables already.
# Where the databases are is in SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD and SQL_PLUGIN; the schemas are in SCHEMAS.
set -eu

prepare() {
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-dir "$2"
}

prepare temporal "$SCHEMAS/temporal/versioned"
prepare temporal_visibility "$SCHEMAS/visibility/versioned"
