-- Filters: which events of a type a subscription wants. The scopes are JSON objects as they were given, so that their
-- numbers keep every digit; deletes are tombstones, as in all configuration.
CREATE TABLE filters (
  project_id uuid NOT NULL,
  id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  event_type text NOT NULL,              -- a name, a glob, or "*"
  enabled_at timestamptz,                -- null: disabled
  headers text,
  body text,
  query text,
  path text,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (project_id, id)
);
CREATE INDEX filters_changed ON filters (version);
CREATE UNIQUE INDEX filters_event_type_unique ON filters (project_id, subscription_id, event_type)
  WHERE deleted_at IS NULL;

GRANT SELECT ON filters TO fairlead_data_plane;
GRANT SELECT, INSERT, UPDATE, DELETE ON filters TO fairlead_control_plane;
