-- The queue: exactly the unfinished deliveries. Narrow, one index, and rows go away when final, so it stays in memory.
-- Nothing marks a row as taken: the memory of its lane's owner is the claim, and a result is recorded only where the row
-- still has the due time and attempt that were sent.
CREATE SEQUENCE queue_seq;
CREATE TABLE queue (
  lane smallint NOT NULL,
  endpoint_id uuid NOT NULL,
  due_at timestamptz NOT NULL,
  delivery_id uuid NOT NULL,
  project_id uuid NOT NULL,
  event_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  -- Attempts already made. Below zero: attempt -n of an at-most-once delivery was begun, its outcome is not yet recorded.
  attempt smallint NOT NULL DEFAULT 0,
  seq bigint,                            -- for strictly ordered endpoints
  config_version bigint NOT NULL,
  PRIMARY KEY (lane, endpoint_id, due_at, delivery_id, project_id)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);

CREATE TABLE failed_deliveries (
  project_id uuid NOT NULL,
  delivery_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  failed_at timestamptz NOT NULL,
  PRIMARY KEY (project_id, delivery_id)
);

CREATE TABLE idempotency_keys (
  project_id uuid NOT NULL,
  key text NOT NULL,
  event_id uuid NOT NULL,
  content_hash bytea NOT NULL,           -- of target, type, body and custom headers
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (project_id, key)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);

-- Events acknowledged before they were matched (broadcasts, very large fan-outs): the owner of the lane expands them.
CREATE TABLE pending_events (
  project_id uuid NOT NULL,
  event_id uuid NOT NULL,
  lane smallint NOT NULL,
  config_version bigint NOT NULL,
  cursor uuid,                           -- the last subscription done
  matched_count int NOT NULL DEFAULT 0,
  PRIMARY KEY (project_id, event_id)
);
CREATE INDEX pending_events_lane ON pending_events (lane, event_id);

-- What the owner of an endpoint's lane knows of it; written by that owner alone.
CREATE TABLE endpoint_state (
  project_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  lane smallint NOT NULL,
  status text NOT NULL DEFAULT 'active',
  reason text,
  generation int NOT NULL,               -- the endpoints.generation that it speaks of
  failing_since timestamptz,
  hold_until timestamptz,
  breaker_open_until timestamptz,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (project_id, endpoint_id)
);
CREATE INDEX endpoint_state_lane ON endpoint_state (lane);

-- Ownership: a node renews its one row; a lane's row changes only when its owner changes (and for its floor).
CREATE TABLE nodes (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  version text NOT NULL,
  started_at timestamptz NOT NULL,
  lease_until timestamptz NOT NULL,
  is_draining boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);
CREATE TABLE lanes (
  lane smallint PRIMARY KEY,
  node_id uuid,
  -- No unfinished row of the lane is due before it: where scans of the index begin.
  floor timestamptz NOT NULL DEFAULT '-infinity',
  -- Set when the owner's lease ran out: until then the next owner sends nothing. Null: it was given up in order.
  usable_at timestamptz
) WITH (fillfactor = 50);
INSERT INTO lanes (lane) SELECT generate_series(0, 63);
