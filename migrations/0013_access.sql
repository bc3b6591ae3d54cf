-- What a key may do, when it was last used; and links that give a customer their own view of one owner's endpoints.
ALTER TABLE api_keys
  ADD COLUMN scope text NOT NULL DEFAULT 'full'
    CONSTRAINT api_keys_scope_known CHECK (scope IN ('full', 'read_only', 'events_only')),
  ADD COLUMN last_used_at timestamptz,
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX api_keys_project ON api_keys (project_id, id) WHERE deleted_at IS NULL;

-- The scope of a link is its owner: all endpoints of the project that have this owner_id.
CREATE TABLE portal_links (
  project_id uuid NOT NULL REFERENCES projects (id),
  id uuid NOT NULL,
  name text NOT NULL,
  owner_id text NOT NULL CONSTRAINT portal_links_owner_length CHECK (length(owner_id) BETWEEN 1 AND 255),
  auth_type text NOT NULL CONSTRAINT portal_links_auth_type_known CHECK (auth_type IN ('static_token', 'refresh_token')),
  can_manage_endpoint boolean NOT NULL,
  can_see_payloads boolean NOT NULL,
  can_rotate_secrets boolean,        -- null: as can_manage_endpoint
  can_replay boolean NOT NULL,
  event_types text[] NOT NULL,       -- patterns that may be subscribed to; empty: any
  -- The static token: found by its SHA-256, and sealed because answers of the management API show it again.
  token_hash bytea NOT NULL CONSTRAINT portal_links_hash_length CHECK (octet_length(token_hash) = 32),
  token_sealed bytea NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (project_id, id),
  CONSTRAINT portal_links_token_unique UNIQUE (token_hash)
);
CREATE INDEX portal_links_owner ON portal_links (project_id, owner_id, id) WHERE deleted_at IS NULL;

-- Short-lived tokens of links with auth_type refresh_token. Sealed too, so that reading a link need not make a new one.
CREATE TABLE portal_tokens (
  token_hash bytea PRIMARY KEY CONSTRAINT portal_tokens_hash_length CHECK (octet_length(token_hash) = 32),
  token_sealed bytea NOT NULL,
  project_id uuid NOT NULL,
  link_id uuid NOT NULL,
  expires_at timestamptz NOT NULL,
  FOREIGN KEY (project_id, link_id) REFERENCES portal_links (project_id, id)
);
CREATE INDEX portal_tokens_link ON portal_tokens (project_id, link_id, expires_at);

-- The events-only key under which a project's customers send to their own endpoints from the portal: made when it is first
-- needed, and again after somebody deleted it.
CREATE TABLE portal_senders (
  project_id uuid PRIMARY KEY REFERENCES projects (id),
  key_id uuid NOT NULL REFERENCES api_keys (id),
  key_sealed bytea NOT NULL
);

-- Of deleted endpoints too: a customer sees what was delivered to them.
CREATE INDEX endpoints_ever_owned ON endpoints (project_id, owner_id, id) WHERE owner_id <> '';

GRANT SELECT, INSERT, UPDATE, DELETE ON portal_links, portal_tokens, portal_senders TO fairlead_control_plane;
-- The data plane writes nothing of a key but this.
GRANT UPDATE (last_used_at) ON api_keys TO fairlead_data_plane;
