#!/usr/bin/env bash
# Run once by the PostgreSQL image, on an empty database directory: the owner of the schema, the login roles of the two planes,
# and the database. What each plane may do is said by the migrations, to the two group roles; the owner is in the data plane's,
# which owns the queue.
set -euo pipefail

password() { printf '%s' "$(<"/run/secrets/$1_password")"; }

psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<SQL
CREATE ROLE fairlead_data_plane NOLOGIN;
CREATE ROLE fairlead_control_plane NOLOGIN;
CREATE ROLE fairlead_owner LOGIN PASSWORD '$(password owner)' IN ROLE fairlead_data_plane;
CREATE ROLE fairlead_data LOGIN PASSWORD '$(password data)' IN ROLE fairlead_data_plane;
CREATE ROLE fairlead_control LOGIN PASSWORD '$(password control)' IN ROLE fairlead_control_plane;
CREATE DATABASE fairlead OWNER fairlead_owner;
REVOKE ALL ON DATABASE fairlead FROM PUBLIC;
GRANT CONNECT ON DATABASE fairlead TO fairlead_data_plane, fairlead_control_plane;
SQL
