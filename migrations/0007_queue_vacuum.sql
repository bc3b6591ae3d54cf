-- The queue's owner vacuums it: every delivery leaves a dead row, and autovacuum looks only once a minute. VACUUM is a
-- right of the owner, cannot run inside a function, and is passed over with no more than a warning otherwise. So this one
-- table belongs to the data plane's group role, and so does whoever migrates, to go on being able to alter it.
DO $$
BEGIN
  IF NOT pg_has_role(current_user, 'fairlead_data_plane', 'MEMBER') THEN
    BEGIN
      EXECUTE format('GRANT fairlead_data_plane TO %I', current_user);
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE EXCEPTION 'whoever migrates must be a member of fairlead_data_plane: run GRANT fairlead_data_plane TO %', quote_ident(current_user)
        USING ERRCODE = 'insufficient_privilege';
    END;
  END IF;
  EXECUTE format('GRANT CREATE ON SCHEMA %I TO fairlead_data_plane', current_schema());
  ALTER TABLE queue OWNER TO fairlead_data_plane;
  EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM fairlead_data_plane', current_schema());
END $$;
