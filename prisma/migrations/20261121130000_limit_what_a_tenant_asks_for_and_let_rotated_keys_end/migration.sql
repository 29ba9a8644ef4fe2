ALTER TABLE "api_key" ADD COLUMN "expires_at" TIMESTAMPTZ(3);

CREATE TABLE "tenant_limit" (
    "tenant_id" UUID NOT NULL,
    "requests_per_minute" INTEGER,
    "key_requests_per_minute" INTEGER,
    "assets_per_day" INTEGER,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tenant_limit_pkey" PRIMARY KEY ("tenant_id")
);

CREATE TABLE "quota_use" (
    "tenant_id" UUID NOT NULL,
    "day" DATE NOT NULL,
    "used" INTEGER NOT NULL,

    CONSTRAINT "quota_use_pkey" PRIMARY KEY ("tenant_id")
);

ALTER TABLE "tenant_limit" ADD CONSTRAINT "tenant_limit_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "quota_use" ADD CONSTRAINT "quota_use_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema language cannot say -------------------------------------------------------

ALTER TABLE "tenant_limit" ADD CONSTRAINT "tenant_limit_leaves_some"
  CHECK (least("requests_per_minute", "key_requests_per_minute", "assets_per_day") > 0);
ALTER TABLE "quota_use" ADD CONSTRAINT "quota_use_counts_up" CHECK ("used" >= 0);

ALTER TABLE "tenant_limit" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "tenant_limit"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

ALTER TABLE "quota_use" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "quota_use"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

-- The app role ends its own keys. What it may ask for is an administrator's to say.
GRANT UPDATE ("expires_at") ON "api_key" TO housestyle_app;
GRANT SELECT ON "tenant_limit", "quota_use" TO housestyle_app;

-- The queue role knows a key's end and its tenant's limits before it knows the tenant, counts what lands, and gives what
-- is over the quota a later day and the reason.
CREATE POLICY "queue_reads" ON "tenant_limit" FOR SELECT TO housestyle_queue USING (true);
CREATE POLICY "queue_reads" ON "quota_use" FOR SELECT TO housestyle_queue USING (true);
CREATE POLICY "queue_counts" ON "quota_use" FOR INSERT TO housestyle_queue WITH CHECK (true);
CREATE POLICY "queue_counts_on" ON "quota_use" FOR UPDATE TO housestyle_queue USING (true) WITH CHECK (true);
GRANT SELECT ("expires_at") ON "api_key" TO housestyle_queue;
GRANT SELECT ("tenant_id", "requests_per_minute", "key_requests_per_minute", "assets_per_day") ON "tenant_limit" TO housestyle_queue;
GRANT SELECT ("tenant_id", "day", "used"), INSERT ("tenant_id", "day", "used"), UPDATE ("day", "used") ON "quota_use" TO housestyle_queue;
GRANT INSERT ("next_attempt_at", "error_code", "error_message") ON "asset" TO housestyle_queue;
