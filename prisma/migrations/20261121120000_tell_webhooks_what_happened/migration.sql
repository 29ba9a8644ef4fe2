CREATE TYPE "webhook_delivery_status" AS ENUM ('pending', 'delivered', 'failed');

CREATE TABLE "webhook" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "tenant_id" UUID NOT NULL,
    "url" TEXT NOT NULL,
    "event_types" TEXT[] NOT NULL,
    "sealed_secret" BYTEA NOT NULL,
    "sealed_previous_secret" BYTEA,
    "previous_secret_until" TIMESTAMPTZ(3),
    "failures" INTEGER NOT NULL DEFAULT 0,
    "failing_since" TIMESTAMPTZ(3),
    "paused_until" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "disabled_at" TIMESTAMPTZ(3),
    "disabled_reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "webhook_delivery" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "tenant_id" UUID NOT NULL,
    "webhook_id" UUID NOT NULL,
    "outbox_id" BIGINT,
    "status" "webhook_delivery_status" NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lease_token" UUID,
    "leased_until" TIMESTAMPTZ(6),
    "last_status_code" INTEGER,
    "last_error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_attempt_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "webhook_delivery_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "webhook_tenant_id_id_key" ON "webhook"("tenant_id", "id");

CREATE INDEX "webhook_delivery_tenant_id_webhook_id_created_at_id_idx" ON "webhook_delivery"("tenant_id", "webhook_id", "created_at" DESC, "id" DESC);

CREATE UNIQUE INDEX "webhook_delivery_tenant_id_webhook_id_outbox_id_key" ON "webhook_delivery"("tenant_id", "webhook_id", "outbox_id");

CREATE INDEX "webhook_delivery_tenant_id_outbox_id_idx" ON "webhook_delivery"("tenant_id", "outbox_id");

CREATE UNIQUE INDEX "outbox_tenant_id_id_key" ON "outbox"("tenant_id", "id");

DROP INDEX "outbox_tenant_id_id_idx";

ALTER TABLE "webhook" ADD CONSTRAINT "webhook_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_tenant_id_webhook_id_fkey" FOREIGN KEY ("tenant_id", "webhook_id") REFERENCES "webhook"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_tenant_id_outbox_id_fkey" FOREIGN KEY ("tenant_id", "outbox_id") REFERENCES "outbox"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema language cannot say -------------------------------------------------------

ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_has_ended_once_it_is_not_pending"
  CHECK (("ended_at" IS NULL) = ("status" = 'pending'));
ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_leased_with_a_token"
  CHECK (("lease_token" IS NULL) = ("leased_until" IS NULL));

CREATE INDEX "webhook_delivery_due_idx" ON "webhook_delivery"("tenant_id", "webhook_id", "next_attempt_at", "id") WHERE "status" = 'pending';
CREATE INDEX "webhook_delivery_leased_idx" ON "webhook_delivery"("tenant_id", "webhook_id") WHERE "lease_token" IS NOT NULL;

ALTER TABLE "webhook" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "webhook"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

ALTER TABLE "webhook_delivery" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "webhook_delivery"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

-- The app role. Where a webhook leads and what it hears of is never changed: it is deleted, and another made.
GRANT SELECT, INSERT, DELETE ON "webhook", "webhook_delivery" TO housestyle_app;
GRANT UPDATE (
  "sealed_secret", "sealed_previous_secret", "previous_secret_until", "failures", "failing_since", "paused_until",
  "disabled_at", "disabled_reason"
) ON "webhook" TO housestyle_app;
GRANT UPDATE (
  "status", "next_attempt_at", "lease_token", "leased_until", "last_status_code", "last_error", "last_attempt_at",
  "ended_at"
) ON "webhook_delivery" TO housestyle_app;

-- The queue role: what is due where, and leasing it. Never an address, a secret, or what is told.
CREATE POLICY "queue_reads" ON "webhook" FOR SELECT TO housestyle_queue USING (true);
CREATE POLICY "queue_reads" ON "webhook_delivery" FOR SELECT TO housestyle_queue USING (true);
CREATE POLICY "queue_leases" ON "webhook_delivery" FOR UPDATE TO housestyle_queue USING (true) WITH CHECK (true);
GRANT SELECT ("id", "tenant_id", "failing_since", "paused_until", "disabled_at") ON "webhook" TO housestyle_queue;
GRANT SELECT ("id", "tenant_id", "webhook_id", "status", "attempts", "next_attempt_at", "lease_token", "leased_until")
  ON "webhook_delivery" TO housestyle_queue;
GRANT UPDATE ("attempts", "next_attempt_at", "lease_token", "leased_until") ON "webhook_delivery" TO housestyle_queue;
