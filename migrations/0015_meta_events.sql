-- What a project wants to be told of its own endpoints and deliveries: written in the transaction of what they tell of,
-- sent by any data plane, kept for a while so that they can be looked at and sent again.
CREATE TABLE meta_events (
  project_id uuid NOT NULL,
  id uuid NOT NULL,
  event_type text NOT NULL,
  -- The body as it is sent, sealed: an endpoint's carries its signing secrets.
  sealed bytea NOT NULL,
  -- As deliveries.status.
  status smallint NOT NULL CONSTRAINT meta_events_status_known CHECK (status BETWEEN 0 AND 4),
  attempts int NOT NULL DEFAULT 0,
  -- When it is to be sent; while it is being sent, when to take it that its sender is gone. Null: final.
  next_at timestamptz,
  -- Of the last attempt: {request_http_header, response_http_header, response_data, error}; null: none yet.
  last_attempt text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (project_id, id)
);
CREATE INDEX meta_events_due ON meta_events (project_id, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX meta_events_old ON meta_events (created_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON meta_events TO fairlead_data_plane;
GRANT SELECT, INSERT, UPDATE ON meta_events TO fairlead_control_plane;
