-- Events, deliveries and attempts: a partition a day by the time inside the id, so that a look-up by id touches one
-- partition and retention is a drop. Partitions are made by make_partitions (0005).
CREATE TABLE events (
  project_id uuid NOT NULL,
  id uuid NOT NULL,
  event_type text NOT NULL,
  body bytea NOT NULL,               -- byte for byte as received, never jsonb
  headers text,                      -- JSON object of custom headers
  idempotency_key text,
  trace_parent text,
  endpoint_id uuid,                  -- what the producer addressed: an endpoint,
  owner_id text,                     -- all endpoints of an owner, or neither: a broadcast
  received_at timestamptz NOT NULL,
  matched_count int,                 -- written once; null: still to be expanded (pending_events)
  PRIMARY KEY (project_id, id)
) PARTITION BY RANGE (id);

CREATE TABLE deliveries (
  project_id uuid NOT NULL,
  id uuid NOT NULL,
  event_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  subscription_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  next_at timestamptz,
  status smallint NOT NULL,          -- 0 scheduled 1 retry 2 success 3 failure 4 discarded (processing is in memory only)
  attempts smallint NOT NULL DEFAULT 0,
  last_status smallint,
  reason text,
  PRIMARY KEY (project_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX deliveries_endpoint ON deliveries (project_id, endpoint_id, id);

CREATE TABLE attempts (
  project_id uuid NOT NULL,
  delivery_id uuid NOT NULL,
  n smallint NOT NULL,
  requested_at timestamptz NOT NULL,
  status smallint,                   -- HTTP status; null: no answer
  failure text NOT NULL,             -- failure class, "none" for success
  detail bytea NOT NULL,             -- URL, headers, answer, phases: src/common/store/attempt_detail.cpp
  PRIMARY KEY (project_id, delivery_id, n)
) PARTITION BY RANGE (delivery_id);
