CREATE TYPE "training_status" AS ENUM ('requested', 'running', 'promoted', 'refused', 'failed', 'cancelled');

CREATE TYPE "training_trigger" AS ENUM ('schedule', 'threshold', 'demand');

CREATE TYPE "promotion_kind" AS ENUM ('training', 'manual', 'rollback', 'automatic_rollback');

CREATE TABLE "training_run" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "tenant_id" UUID NOT NULL,
    "status" "training_status" NOT NULL DEFAULT 'requested',
    "trigger" "training_trigger" NOT NULL,
    "requested_by" TEXT,
    "requested_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "seed" INTEGER NOT NULL,
    "base_model" TEXT,
    "base_sha256" TEXT,
    "training_count" INTEGER NOT NULL DEFAULT 0,
    "corrected_count" INTEGER NOT NULL DEFAULT 0,
    "hold_out_count" INTEGER NOT NULL DEFAULT 0,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "holder" UUID,
    "is_cancel_requested" BOOLEAN NOT NULL DEFAULT false,
    "progress" JSONB,
    "curve" JSONB NOT NULL DEFAULT '[]',
    "figures" JSONB,
    "examples" JSONB NOT NULL DEFAULT '[]',
    "trainable_parameters" INTEGER,
    "seconds" DOUBLE PRECISION,
    "reason" TEXT,
    "champion_before_id" UUID,
    "may_start_from_champion" BOOLEAN NOT NULL DEFAULT true,
    "mapper_version_id" UUID,

    CONSTRAINT "training_run_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "training_example" (
    "tenant_id" UUID NOT NULL,
    "training_run_id" UUID NOT NULL,
    "suggestion_id" UUID NOT NULL,
    "image_key" TEXT NOT NULL,
    "text" TEXT,
    "is_corrected" BOOLEAN NOT NULL,
    "editor" TEXT,
    "reviewed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "training_example_pkey" PRIMARY KEY ("tenant_id","training_run_id","suggestion_id")
);

CREATE TABLE "hold_out" (
    "tenant_id" UUID NOT NULL,
    "image_key" TEXT NOT NULL,
    "suggestion_id" UUID NOT NULL,
    "text" TEXT,
    "is_corrected" BOOLEAN NOT NULL,
    "editor" TEXT,
    "reviewed_at" TIMESTAMPTZ(3) NOT NULL,
    "held_out_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "erased_at" TIMESTAMPTZ(3),

    CONSTRAINT "hold_out_pkey" PRIMARY KEY ("tenant_id","image_key")
);

CREATE TABLE "training_schedule" (
    "tenant_id" UUID NOT NULL,
    "is_enabled" BOOLEAN NOT NULL,
    "cron" TEXT,
    "new_reviews" INTEGER,
    "minimum_samples" INTEGER NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "training_schedule_pkey" PRIMARY KEY ("tenant_id")
);

ALTER TABLE "promotion" ADD COLUMN "kind" "promotion_kind" NOT NULL DEFAULT 'manual',
  ADD COLUMN "figures" JSONB NOT NULL DEFAULT '{}',
  ADD COLUMN "promoted_by" TEXT,
  ADD COLUMN "training_run_id" UUID;

ALTER TABLE "suggestion" ADD COLUMN "erased_at" TIMESTAMPTZ(3);

CREATE UNIQUE INDEX "training_run_tenant_id_id_key" ON "training_run"("tenant_id", "id");

CREATE INDEX "training_run_tenant_id_requested_at_id_idx" ON "training_run"("tenant_id", "requested_at" DESC, "id" DESC);

CREATE INDEX "training_example_tenant_id_suggestion_id_idx" ON "training_example"("tenant_id", "suggestion_id");

CREATE INDEX "hold_out_tenant_id_suggestion_id_idx" ON "hold_out"("tenant_id", "suggestion_id");

ALTER TABLE "training_run" ADD CONSTRAINT "training_run_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "training_run" ADD CONSTRAINT "training_run_tenant_id_champion_before_id_fkey" FOREIGN KEY ("tenant_id", "champion_before_id") REFERENCES "mapper_version"("tenant_id", "id") ON DELETE NO ACTION ON UPDATE NO ACTION;

ALTER TABLE "training_run" ADD CONSTRAINT "training_run_tenant_id_mapper_version_id_fkey" FOREIGN KEY ("tenant_id", "mapper_version_id") REFERENCES "mapper_version"("tenant_id", "id") ON DELETE NO ACTION ON UPDATE NO ACTION;

ALTER TABLE "training_example" ADD CONSTRAINT "training_example_tenant_id_training_run_id_fkey" FOREIGN KEY ("tenant_id", "training_run_id") REFERENCES "training_run"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "training_example" ADD CONSTRAINT "training_example_tenant_id_suggestion_id_fkey" FOREIGN KEY ("tenant_id", "suggestion_id") REFERENCES "suggestion"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "hold_out" ADD CONSTRAINT "hold_out_tenant_id_suggestion_id_fkey" FOREIGN KEY ("tenant_id", "suggestion_id") REFERENCES "suggestion"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "training_schedule" ADD CONSTRAINT "training_schedule_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "promotion" ADD CONSTRAINT "promotion_tenant_id_training_run_id_fkey" FOREIGN KEY ("tenant_id", "training_run_id") REFERENCES "training_run"("tenant_id", "id") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- What Prisma's schema language cannot say -------------------------------------------------------

-- however many schedulers and people ask at once
CREATE UNIQUE INDEX "training_run_one_at_a_time" ON "training_run"("tenant_id") WHERE "status" IN ('requested', 'running');
CREATE INDEX "training_run_waiting_idx" ON "training_run"("requested_at") WHERE "status" IN ('requested', 'running');

ALTER TABLE "training_run" ADD CONSTRAINT "training_run_is_finished_once_it_has_ended"
  CHECK (("finished_at" IS NULL) = ("status" IN ('requested', 'running')));
ALTER TABLE "hold_out" ADD CONSTRAINT "hold_out_text_goes_only_by_erasure"
  CHECK (("text" IS NULL) = ("erased_at" IS NOT NULL));
ALTER TABLE "suggestion" ADD CONSTRAINT "suggestion_erased_says_nothing"
  CHECK ("erased_at" IS NULL OR ("text" = '' AND "hypotheses" = '[]'));
ALTER TABLE "training_schedule" ADD CONSTRAINT "training_schedule_asks_for_some"
  CHECK ("minimum_samples" > 0 AND ("new_reviews" IS NULL OR "new_reviews" > 0));

ALTER TABLE "training_run" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "training_run"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

ALTER TABLE "training_example" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "training_example"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

ALTER TABLE "hold_out" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "hold_out"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

ALTER TABLE "training_schedule" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "training_schedule"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

-- The app role. A hold-out is frozen: it is added to, and a text leaves it by erasure alone. Erasure is the
-- one thing that takes words out of a suggestion or an event.
GRANT SELECT, INSERT ON "training_run", "training_example", "hold_out" TO housestyle_app;
GRANT SELECT, INSERT, UPDATE ON "training_schedule" TO housestyle_app;
GRANT UPDATE (
  "status", "started_at", "finished_at", "base_model", "base_sha256", "training_count", "corrected_count",
  "hold_out_count", "attempts", "holder", "is_cancel_requested", "progress", "curve", "figures", "examples",
  "trainable_parameters", "seconds", "reason", "champion_before_id", "may_start_from_champion", "mapper_version_id"
) ON "training_run" TO housestyle_app;
GRANT UPDATE ("text") ON "training_example" TO housestyle_app;
GRANT UPDATE ("text", "erased_at") ON "hold_out" TO housestyle_app;
GRANT UPDATE ("text", "hypotheses", "erased_at") ON "suggestion" TO housestyle_app;
GRANT UPDATE ("payload") ON "outbox" TO housestyle_app;

-- The queue role: which tenants have a timetable of their own, and which runs wait. No text, figure or reason.
CREATE POLICY "queue_reads" ON "training_run" FOR SELECT TO housestyle_queue USING (true);
CREATE POLICY "queue_reads" ON "training_schedule" FOR SELECT TO housestyle_queue USING (true);
GRANT SELECT ("id", "tenant_id", "status", "requested_at") ON "training_run" TO housestyle_queue;
GRANT SELECT ("tenant_id", "is_enabled", "cron") ON "training_schedule" TO housestyle_queue;
