-- Lists that find the few among the many: by what is unusual, so that ordinary traffic is in none of these indexes.

-- The status of a delivery that did not simply succeed: retry 1, failure 3, discarded 4; else null. A column of its own,
-- because an index that mentions status would make every update of it move the row's entries in all indexes (no HOT);
-- this one stays null in a delivery that waits and then succeeds, and takes no space in its row.
ALTER TABLE deliveries
  ADD COLUMN trouble smallint GENERATED ALWAYS AS (CASE WHEN status IN (1, 3, 4) THEN status END) STORED;
CREATE INDEX deliveries_trouble ON deliveries (project_id, trouble, id) WHERE trouble IS NOT NULL;
CREATE INDEX deliveries_endpoint_trouble ON deliveries (project_id, endpoint_id, trouble, id) WHERE trouble IS NOT NULL;

-- Events of an endpoint are found by its deliveries, but for those that matched nothing or are still to be matched.
CREATE INDEX events_undelivered ON events (project_id, endpoint_id, id)
  WHERE endpoint_id IS NOT NULL AND coalesce(matched_count, 0) = 0;
CREATE INDEX events_owner ON events (project_id, owner_id, id) WHERE owner_id IS NOT NULL;

-- Where a subscription's older deliveries went: they are found by their endpoints. Null: too many to keep.
ALTER TABLE subscriptions ADD COLUMN former_endpoints uuid[] DEFAULT '{}';
