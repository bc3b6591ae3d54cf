-- Endpoints that come into being with their first event (…/events/dynamic), and what finding them and events by content
-- needs.

-- By URL: dynamic events and onboarding use an endpoint again that is there. The digest keeps the entries short.
CREATE INDEX endpoints_url ON endpoints (project_id, md5(url)) WHERE deleted_at IS NULL;

-- By idempotency key, for as long as the events are kept; events without one cost nothing.
CREATE INDEX events_idempotency_key ON events (project_id, idempotency_key, id) WHERE idempotency_key IS NOT NULL;

-- An id as the API shows it: 26 characters of Crockford base32.
CREATE FUNCTION id_text(p_id uuid) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT string_agg(substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substring(b.bits FROM n * 5 + 1 FOR 5)::int + 1, 1), '' ORDER BY n)
    FROM (SELECT B'00' || ('x' || replace(p_id::text, '-', ''))::bit(128) AS bits) b, generate_series(0, 25) n
$$;

-- Whether an event's payload contains this JSON (jsonb's @>). What is no JSON, or what jsonb cannot hold, contains
-- nothing and is contained in nothing.
CREATE FUNCTION payload_contains(p_body bytea, p_part text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN convert_from(p_body, 'UTF8')::jsonb @> p_part::jsonb;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
  RETURN false;
END $$;

-- The endpoint with this URL, made with its subscription if it is not there; an endpoint that nobody subscribed gets
-- its subscription, and event types that are given replace those of its first one. Writers of configuration wait for each
-- other (next_config_version), so that one URL makes one endpoint. Null: the project is gone, or takes https only.
CREATE FUNCTION ensure_dynamic_endpoint(p_project uuid, p_url text, p_event_types text[], p_endpoint uuid, p_secrets jsonb,
                                        p_subscription uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_version bigint;
  v_config jsonb;
  v_endpoint uuid;
  v_subscription uuid;
BEGIN
  v_version := next_config_version(p_project);
  SELECT config INTO v_config FROM projects WHERE id = p_project AND deleted_at IS NULL;
  IF v_config IS NULL THEN RETURN NULL; END IF;
  SELECT id INTO v_endpoint FROM endpoints
   WHERE project_id = p_project AND md5(url) = md5(p_url) AND url = p_url AND deleted_at IS NULL ORDER BY id LIMIT 1;
  IF v_endpoint IS NULL THEN
    IF coalesce((v_config #>> '{ssl,enforce_secure_endpoints}')::boolean, false) AND lower(left(p_url, 8)) <> 'https://' THEN
      RETURN NULL;
    END IF;
    v_endpoint := p_endpoint;
    INSERT INTO endpoints (project_id, id, name, url, status, secrets, version, created_at, updated_at)
    VALUES (p_project, v_endpoint, 'endpoint-' || id_text(v_endpoint), p_url, 'active', p_secrets, v_version, now(), now());
  END IF;
  SELECT id INTO v_subscription FROM subscriptions
   WHERE project_id = p_project AND endpoint_id = v_endpoint AND deleted_at IS NULL ORDER BY id LIMIT 1;
  IF v_subscription IS NULL THEN
    INSERT INTO subscriptions (project_id, id, endpoint_id, name, event_types, version, created_at, updated_at)
    VALUES (p_project, p_subscription, v_endpoint, 'dynamic-subscription-' || id_text(v_endpoint),
            CASE WHEN cardinality(p_event_types) = 0 THEN ARRAY['*'] ELSE p_event_types END, v_version, now(), now());
  ELSIF cardinality(p_event_types) > 0 THEN
    UPDATE subscriptions SET event_types = p_event_types, version = v_version, updated_at = now()
     WHERE project_id = p_project AND id = v_subscription;
  END IF;
  -- Types named exactly join the catalogue; patterns do not.
  INSERT INTO event_types (project_id, id, name, created_at, updated_at)
  SELECT p_project, overlay(id_floor(clock_timestamp())::text PLACING substr(gen_random_uuid()::text, 15) FROM 15)::uuid,
         t.name, now(), now()
    FROM unnest(p_event_types) t(name) WHERE t.name <> '*' AND t.name NOT LIKE '%.*'
  ON CONFLICT (project_id, name) DO NOTHING;
  RETURN v_endpoint;
END $$;

REVOKE ALL ON FUNCTION ensure_dynamic_endpoint(uuid, text, text[], uuid, jsonb, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_dynamic_endpoint(uuid, text, text[], uuid, jsonb, uuid) TO fairlead_data_plane;
