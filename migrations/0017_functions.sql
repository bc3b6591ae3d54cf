-- What a subscription says beyond which events it selects: the function that shapes their payloads, and alerts and a rate
-- of its own. They are kept as they were given and checked; deliveries do not heed them yet.
ALTER TABLE subscriptions
  ADD COLUMN function text CONSTRAINT subscriptions_function_size CHECK (octet_length(function) BETWEEN 1 AND 65536),
  ADD COLUMN alert_config jsonb,       -- {"count", "threshold"}: the threshold is a duration in Go's notation
  ADD COLUMN rate_limit_config jsonb;  -- {"count", "duration"}: events in how many seconds
