-- What the data plane must change beyond its own rows, and may not do by itself.

-- Makes the daily partitions from p_from on, p_days of them; answers how many were made.
-- A ULID's first 48 bits are milliseconds, so a day's bounds are ids with that time and zeros behind.
CREATE FUNCTION id_floor(p_at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(to_hex(floor(extract(epoch FROM p_at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

CREATE FUNCTION make_partitions(p_from date, p_days int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_day date;
  v_made int := 0;
  v_parent text;
  v_name text;
BEGIN
  IF p_days NOT BETWEEN 1 AND 60 THEN RAISE EXCEPTION 'p_days must be 1 to 60'; END IF;
  PERFORM pg_advisory_xact_lock(hashtext('fairlead.partitions'));
  FOR v_day IN SELECT p_from + n FROM generate_series(0, p_days - 1) n LOOP
    FOREACH v_parent IN ARRAY ARRAY['events', 'deliveries', 'attempts'] LOOP
      v_name := v_parent || '_' || to_char(v_day, 'YYYYMMDD');
      IF to_regclass(quote_ident(v_name)) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)%s', v_name, v_parent,
          id_floor(v_day::timestamp AT TIME ZONE 'UTC'), id_floor((v_day + 1)::timestamp AT TIME ZONE 'UTC'),
          CASE WHEN v_parent = 'deliveries' THEN ' WITH (fillfactor = 50)' ELSE '' END);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO fairlead_data_plane, fairlead_control_plane', v_name);
        v_made := v_made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN v_made;
END $$;

-- The next configuration number, stamped on the project. Everything that changes configuration calls it first.
CREATE FUNCTION next_config_version(p_project uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE v_version bigint;
BEGIN
  UPDATE config_counter SET version = version + 1 WHERE id = 1 RETURNING version INTO v_version;
  IF p_project IS NOT NULL THEN
    UPDATE projects SET config_version = v_version WHERE id = p_project;
  END IF;
  RETURN v_version;
END $$;

-- An event addressed to an endpoint that nobody subscribed: its catch-all subscription, made once.
CREATE FUNCTION ensure_catch_all_subscription(p_project uuid, p_endpoint uuid, p_subscription uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_version bigint;
  v_name text;
BEGIN
  v_version := next_config_version(p_project);
  SELECT name INTO v_name FROM endpoints
   WHERE project_id = p_project AND id = p_endpoint AND deleted_at IS NULL FOR UPDATE;
  IF v_name IS NULL THEN RETURN false; END IF;
  INSERT INTO subscriptions (project_id, id, endpoint_id, name, event_types, version, created_at, updated_at)
  SELECT p_project, p_subscription, p_endpoint, v_name || '-subscription', ARRAY['*'], v_version, now(), now()
   WHERE NOT EXISTS (SELECT 1 FROM subscriptions
                      WHERE project_id = p_project AND endpoint_id = p_endpoint AND deleted_at IS NULL);
  RETURN true;
END $$;
