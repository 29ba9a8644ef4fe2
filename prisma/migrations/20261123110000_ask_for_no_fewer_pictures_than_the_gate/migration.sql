-- Nothing is promoted from fewer than 20 pictures, so a schedule that asks for fewer starts runs in vain.
-- Row-level security that is forced hides every tenant's row from the owner too.
ALTER TABLE "training_schedule" NO FORCE ROW LEVEL SECURITY;
UPDATE "training_schedule" SET "minimum_samples" = 20 WHERE "minimum_samples" < 20;
ALTER TABLE "training_schedule" FORCE ROW LEVEL SECURITY;
