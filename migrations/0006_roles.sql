-- Group roles of the two planes; grant them to the login roles. The data plane reads configuration, works on its own
-- tables, and alters nothing: what else it needs are the functions of 0005.
DO $$
DECLARE v_role text;
BEGIN
  FOREACH v_role IN ARRAY ARRAY['fairlead_data_plane', 'fairlead_control_plane'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = v_role) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), v_role);
  END LOOP;
END $$;

REVOKE ALL ON FUNCTION make_partitions(date, int), next_config_version(uuid),
  ensure_catch_all_subscription(uuid, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_partitions(date, int), ensure_catch_all_subscription(uuid, uuid, uuid)
  TO fairlead_data_plane, fairlead_control_plane;
GRANT EXECUTE ON FUNCTION next_config_version(uuid) TO fairlead_control_plane;

GRANT SELECT ON config_counter, organisations, projects, api_keys, endpoints, subscriptions, event_types,
  schema_migrations TO fairlead_data_plane;
GRANT SELECT, INSERT, UPDATE, DELETE ON events, deliveries, attempts, queue, failed_deliveries, idempotency_keys,
  pending_events, endpoint_state, nodes, lanes TO fairlead_data_plane;
GRANT USAGE ON SEQUENCE queue_seq TO fairlead_data_plane;

GRANT SELECT, INSERT, UPDATE, DELETE ON config_counter, organisations, projects, api_keys, endpoints, subscriptions,
  event_types, events, deliveries, attempts, queue, failed_deliveries, pending_events TO fairlead_control_plane;
GRANT SELECT ON schema_migrations, endpoint_state, nodes, lanes, idempotency_keys TO fairlead_control_plane;
GRANT USAGE ON SEQUENCE queue_seq TO fairlead_control_plane;
