-- Meta events of endpoints that the data plane makes or disables: a statement of SQL writes them, so their body is made
-- later, by who sends them.
ALTER TABLE meta_events ADD COLUMN endpoint_id uuid;  -- whose body is still to be made; sealed is empty until then

-- Tells the project of its endpoint, if it wants to know of such.
CREATE FUNCTION tell_of_endpoint(p_project uuid, p_endpoint uuid, p_type text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO meta_events (project_id, id, event_type, sealed, endpoint_id, status, next_at, created_at, updated_at)
  SELECT p.id, overlay(id_floor(clock_timestamp())::text PLACING substr(gen_random_uuid()::text, 15) FROM 15)::uuid,
         p_type, '', p_endpoint, 0, clock_timestamp(), clock_timestamp(), clock_timestamp()
    FROM projects p
   WHERE p.id = p_project AND p.deleted_at IS NULL AND p.config #> '{meta_event,is_enabled}' = 'true'
     AND p.config #> '{meta_event,event_type}' ? p_type
$$;
