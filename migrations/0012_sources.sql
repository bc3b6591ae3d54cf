-- Sources: where events come in from others, at /ingest/{mask} or from a broker. What proves a sender and what opens a
-- broker are sealed. A mask is found without its project, so it is unique among all of them.
CREATE TABLE sources (
  project_id uuid NOT NULL,
  id uuid NOT NULL,
  mask text NOT NULL CONSTRAINT sources_mask_unique UNIQUE,
  name text NOT NULL,
  type text NOT NULL CONSTRAINT sources_type_known CHECK (type IN ('http', 'rest_api', 'pub_sub', 'db_change_stream')),
  provider text NOT NULL DEFAULT '',
  is_disabled boolean NOT NULL DEFAULT false,
  verifier bytea,                       -- sealed JSON, as the wire shows it; null: none
  pub_sub bytea,                        -- sealed JSON of the broker's configuration; null: none
  response_body text NOT NULL DEFAULT '',
  response_type text NOT NULL DEFAULT '',
  forward_headers text[] NOT NULL DEFAULT '{}',
  idempotency_keys text[] NOT NULL DEFAULT '{}',
  event_type_location text NOT NULL DEFAULT '',
  convert_forms boolean NOT NULL DEFAULT false,
  body_function text,
  header_function text,
  crc_verified_at timestamptz,          -- when the provider last asked for its challenge
  version bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (project_id, id)
);
CREATE INDEX sources_changed ON sources (version);

-- A subscription with a source selects what that source brings, and nothing else.
ALTER TABLE subscriptions ADD COLUMN source_id uuid;
CREATE INDEX subscriptions_source ON subscriptions (project_id, source_id, id)
  WHERE source_id IS NOT NULL AND deleted_at IS NULL;

-- Null for events that producers created: such rows are as wide as before, and in no index of these.
ALTER TABLE events
  ADD COLUMN source_id uuid,
  ADD COLUMN url_query text,
  ADD COLUMN url_path text,
  ADD COLUMN content_type text;         -- of a body that is opaque bytes; null: JSON
CREATE INDEX events_source ON events (project_id, source_id, id) WHERE source_id IS NOT NULL;

-- A provider's challenge was answered by the data plane, which changes no configuration. A stranger can ask as often as
-- they like: one write a minute.
CREATE FUNCTION note_source_challenge(p_project uuid, p_source uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
  UPDATE sources SET crc_verified_at = clock_timestamp()
   WHERE project_id = p_project AND id = p_source AND deleted_at IS NULL
     AND (crc_verified_at IS NULL OR crc_verified_at < clock_timestamp() - interval '1 minute')
$$;
REVOKE ALL ON FUNCTION note_source_challenge(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION note_source_challenge(uuid, uuid) TO fairlead_data_plane, fairlead_control_plane;
GRANT SELECT ON sources TO fairlead_data_plane;
GRANT SELECT, INSERT, UPDATE, DELETE ON sources TO fairlead_control_plane;
