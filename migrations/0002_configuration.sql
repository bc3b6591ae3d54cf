-- What the control plane writes and the data plane reads into its snapshot. Deletes are tombstones, so that a refresh
-- needs only the rows whose version is newer than its own.
CREATE TABLE endpoints (
  project_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  url text NOT NULL,
  owner_id text NOT NULL DEFAULT '',
  description text NOT NULL DEFAULT '',
  status text NOT NULL CONSTRAINT endpoints_status_known CHECK (status IN ('active', 'paused', 'inactive')),
  -- Raised by activate: an automatic disabling counts only for the generation that it was made in (endpoint_state).
  generation int NOT NULL DEFAULT 1,
  advanced_signatures boolean NOT NULL DEFAULT true,
  http_timeout int NOT NULL DEFAULT 0,
  rate_limit int NOT NULL DEFAULT 0,
  rate_limit_duration int NOT NULL DEFAULT 0,
  support_email text NOT NULL DEFAULT '',
  slack_webhook_url text NOT NULL DEFAULT '',
  teams_webhook_url text NOT NULL DEFAULT '',
  -- [{uid, sealed (base64), expires_at, created_at, updated_at}], oldest first.
  secrets jsonb NOT NULL,
  -- {type, sealed (base64 of the sealed JSON)}: what each request carries to prove itself; null: nothing.
  authentication jsonb,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (project_id, id)
);
CREATE INDEX endpoints_changed ON endpoints (version);
CREATE INDEX endpoints_owner ON endpoints (project_id, owner_id, id) WHERE deleted_at IS NULL;

CREATE TABLE subscriptions (
  project_id uuid NOT NULL,
  id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  name text NOT NULL,
  event_types text[] NOT NULL,
  delivery_mode text NOT NULL DEFAULT 'at_least_once'
    CONSTRAINT subscriptions_delivery_mode_known CHECK (delivery_mode IN ('at_least_once', 'at_most_once')),
  -- {type, interval_seconds, retry_count}; null: the project's.
  retry_config jsonb,
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (project_id, id)
);
CREATE INDEX subscriptions_changed ON subscriptions (version);
CREATE INDEX subscriptions_endpoint ON subscriptions (project_id, endpoint_id, id) WHERE deleted_at IS NULL;

CREATE TABLE event_types (
  project_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  category text NOT NULL DEFAULT '',
  description text NOT NULL DEFAULT '',
  json_schema jsonb,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deprecated_at timestamptz,
  PRIMARY KEY (project_id, id),
  CONSTRAINT event_types_name_unique UNIQUE (project_id, name)
);
