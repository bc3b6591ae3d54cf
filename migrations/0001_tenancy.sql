-- Who owns what: organisations, projects, keys, and the counter that orders every configuration change.
-- A writer takes the next number from config_counter first (its row lock is held to the commit), so numbers become
-- visible in order, and stamps it on every row that it touches and on projects.config_version.
CREATE TABLE config_counter (
  id smallint PRIMARY KEY CONSTRAINT config_counter_single CHECK (id = 1),
  version bigint NOT NULL
);
INSERT INTO config_counter VALUES (1, 0);

CREATE TABLE organisations (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz
);

CREATE TABLE projects (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations (id),
  name text NOT NULL CONSTRAINT projects_name_length CHECK (length(name) BETWEEN 1 AND 255),
  type text NOT NULL CONSTRAINT projects_type_known CHECK (type IN ('outgoing', 'incoming')),
  logo_url text NOT NULL DEFAULT '',
  config jsonb NOT NULL,
  config_version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz
);
CREATE UNIQUE INDEX projects_name_unique ON projects (organisation_id, name) WHERE deleted_at IS NULL;
CREATE INDEX projects_changed ON projects (config_version);

-- A key belongs to a project or, without one, to its organisation. Only the SHA-256 of the key is kept.
CREATE TABLE api_keys (
  id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL REFERENCES organisations (id),
  project_id uuid REFERENCES projects (id),
  name text NOT NULL,
  mask text NOT NULL,
  key_hash bytea NOT NULL CONSTRAINT api_keys_hash_length CHECK (octet_length(key_hash) = 32),
  version bigint NOT NULL,
  expires_at timestamptz,
  created_at timestamptz NOT NULL,
  deleted_at timestamptz,
  CONSTRAINT api_keys_hash_unique UNIQUE (key_hash)
);
CREATE INDEX api_keys_changed ON api_keys (version);
CREATE INDEX api_keys_owner ON api_keys (organisation_id, name) WHERE deleted_at IS NULL;
