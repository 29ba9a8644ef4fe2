-- A hold-out judges every later mapper by the texts it began with: they go by erasure, and are never rewritten. The
-- app role may not be trusted with more than the former, though a grant on the column cannot tell them apart.
CREATE FUNCTION "hold_out_text_is_frozen"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW."text" IS NOT NULL AND NEW."text" IS DISTINCT FROM OLD."text" THEN
    RAISE EXCEPTION 'a held-out text is never changed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF OLD."erased_at" IS NOT NULL AND NEW."erased_at" IS DISTINCT FROM OLD."erased_at" THEN
    RAISE EXCEPTION 'an erasure is never taken back' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "hold_out_text_is_frozen" BEFORE UPDATE ON "hold_out"
  FOR EACH ROW EXECUTE FUNCTION "hold_out_text_is_frozen"();
