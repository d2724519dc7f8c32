#!/bin/sh
# Runs once, when the database is made: one login and one database for each of those who need one, and nothing more.
#   countersign_migration   makes the roles and owns the database; `migrate` logs in as it, nobody else
#   countersign_login       what API and worker log in as; `migrate` makes it a member of the roles they step into
#   temporal                owns Temporal's two databases and sees no other
set -eu

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set migration_password="$COUNTERSIGN_MIGRATION_PASSWORD" \
  --set login_password="$COUNTERSIGN_LOGIN_PASSWORD" \
  --set temporal_password="$TEMPORAL_PASSWORD" <<'SQL'
-- CREATEROLE (PostgreSQL 16 and later) reaches the roles it has made itself, and no others.
create role countersign_migration login nosuperuser nobypassrls createrole password :'migration_password';
create role countersign_login login nosuperuser nobypassrls password :'login_password';
create role temporal login nosuperuser nobypassrls password :'temporal_password';

create database countersign owner countersign_migration;
create database temporal owner temporal;
create database temporal_visibility owner temporal;

revoke connect on database countersign, temporal, temporal_visibility, postgres from public;
grant connect on database countersign to countersign_login;
SQL
