-- Work in the background: replays, retries in bulk, recovery. A job is a row with a cursor; the owner of its lane works
-- it off in chunks, each moving the cursor in the transaction that inserts its rows, so a crash repeats and loses nothing.
CREATE TABLE jobs (
  project_id uuid NOT NULL,
  id uuid NOT NULL,                      -- its time is the time of the deliveries that it makes
  lane smallint NOT NULL,
  kind text NOT NULL
    CONSTRAINT jobs_kind_known CHECK (kind IN ('replay_events', 'retry_deliveries', 'recover_failed', 'send_missing')),
  filter jsonb NOT NULL,                 -- as src/common/store/jobs.cpp writes it
  -- What at most one open job of a project may be doing; null: any number may.
  exclusion text,
  state text NOT NULL DEFAULT 'queued'
    CONSTRAINT jobs_state_known CHECK (state IN ('queued', 'running', 'completed', 'cancelled', 'failed')),
  rate int NOT NULL CONSTRAINT jobs_rate_range CHECK (rate BETWEEN 1 AND 10000),  -- objects a second
  config_version bigint NOT NULL,        -- it matches with this configuration or a newer one
  cursor uuid,                           -- the last object done
  part_cursor uuid,                      -- of the object after it: the last subscription done
  low uuid NOT NULL,                     -- the objects it is about: between these ids, both included
  high uuid NOT NULL,
  total bigint,                          -- objects found when it was made; null: not counted
  done bigint NOT NULL DEFAULT 0,        -- = succeeded + failed + skipped
  succeeded bigint NOT NULL DEFAULT 0,
  failed bigint NOT NULL DEFAULT 0,
  skipped bigint NOT NULL DEFAULT 0,
  deliveries bigint NOT NULL DEFAULT 0,  -- made or sent again
  error text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  finished_at timestamptz,
  PRIMARY KEY (project_id, id)
);
CREATE INDEX jobs_open ON jobs (lane, updated_at) WHERE state IN ('queued', 'running');
CREATE UNIQUE INDEX jobs_exclusion ON jobs (project_id, exclusion) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- A delivery made by a job has the job's time in its id, not its event's: its event finds it by this index, which ordinary
-- deliveries are not in.
ALTER TABLE deliveries ADD COLUMN job_id uuid;
CREATE INDEX deliveries_replayed ON deliveries (project_id, event_id, id) WHERE job_id IS NOT NULL;

-- Attempts made before the present retry budget began: set when a final delivery is sent again. Never null: a null costs
-- each row of the queue 8 bytes, and each event as many in the log.
ALTER TABLE queue ADD COLUMN attempts_before smallint NOT NULL DEFAULT 0;

GRANT SELECT, UPDATE, DELETE ON jobs TO fairlead_data_plane;
GRANT SELECT, INSERT, UPDATE ON jobs TO fairlead_control_plane;
