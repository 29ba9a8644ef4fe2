CREATE TYPE "asset_status" AS ENUM ('received', 'captioned', 'failed');

CREATE TYPE "review_decision" AS ENUM ('accepted', 'corrected', 'rejected');

CREATE TABLE "tenant" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "name" TEXT NOT NULL,
    "base_model" TEXT NOT NULL,
    "settings" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tenant_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "api_key" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "tenant_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "asset" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "tenant_id" UUID NOT NULL,
    "asset_id" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "uri" TEXT NOT NULL,
    "content_type" TEXT,
    "sha256" TEXT,
    "context" JSONB NOT NULL DEFAULT '{}',
    "status" "asset_status" NOT NULL DEFAULT 'received',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lease_token" UUID,
    "leased_until" TIMESTAMPTZ(6),
    "leased_by" TEXT,
    "error_code" TEXT,
    "error_message" TEXT,
    "width" INTEGER,
    "height" INTEGER,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "captioned_at" TIMESTAMPTZ(3),
    "failed_at" TIMESTAMPTZ(3),

    CONSTRAINT "asset_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "embedding" (
    "tenant_id" UUID NOT NULL,
    "asset_row_id" UUID NOT NULL,
    "base_model" TEXT NOT NULL,
    "base_sha256" TEXT NOT NULL,
    "values" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "embedding_pkey" PRIMARY KEY ("tenant_id","asset_row_id","base_sha256")
);

CREATE TABLE "preview" (
    "tenant_id" UUID NOT NULL,
    "asset_row_id" UUID NOT NULL,
    "content_type" TEXT NOT NULL,
    "width" INTEGER NOT NULL,
    "height" INTEGER NOT NULL,
    "bytes" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "preview_pkey" PRIMARY KEY ("tenant_id","asset_row_id")
);

CREATE TABLE "suggestion" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "tenant_id" UUID NOT NULL,
    "asset_row_id" UUID NOT NULL,
    "base_model" TEXT NOT NULL,
    "base_sha256" TEXT NOT NULL,
    "mapper_version_id" UUID,
    "mapper_id" TEXT NOT NULL,
    "generation_key" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "score" DOUBLE PRECISION NOT NULL,
    "hypotheses" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "suggestion_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "review" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "tenant_id" UUID NOT NULL,
    "suggestion_id" UUID NOT NULL,
    "decision" "review_decision",
    "text" TEXT,
    "duration_ms" INTEGER,
    "editor" TEXT,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "review_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "mapper_version" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "tenant_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "base_model" TEXT NOT NULL,
    "base_sha256" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "figures" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "mapper_version_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "promotion" (
    "id" BIGSERIAL NOT NULL,
    "tenant_id" UUID NOT NULL,
    "mapper_version_id" UUID,
    "reason" TEXT NOT NULL,
    "promoted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "promotion_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "outbox" (
    "id" BIGSERIAL NOT NULL,
    "event_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "tenant_id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "published_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "leased_until" TIMESTAMPTZ(6),
    "last_error" TEXT,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "bucket_mapping" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "tenant_id" UUID NOT NULL,
    "bucket" TEXT NOT NULL,
    "prefix" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "bucket_mapping_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "api_key_prefix_key" ON "api_key"("prefix");

CREATE INDEX "api_key_tenant_id_idx" ON "api_key"("tenant_id");

CREATE INDEX "asset_tenant_id_received_at_id_idx" ON "asset"("tenant_id", "received_at" DESC, "id" DESC);

CREATE INDEX "asset_tenant_id_status_idx" ON "asset"("tenant_id", "status");

CREATE UNIQUE INDEX "asset_tenant_id_asset_id_version_key" ON "asset"("tenant_id", "asset_id", "version");

CREATE UNIQUE INDEX "asset_tenant_id_id_key" ON "asset"("tenant_id", "id");

CREATE INDEX "suggestion_tenant_id_created_at_id_idx" ON "suggestion"("tenant_id", "created_at" DESC, "id" DESC);

CREATE UNIQUE INDEX "suggestion_identity_key" ON "suggestion"("tenant_id", "asset_row_id", "base_sha256", "mapper_id", "generation_key");

CREATE UNIQUE INDEX "suggestion_tenant_id_id_key" ON "suggestion"("tenant_id", "id");

CREATE UNIQUE INDEX "review_tenant_id_suggestion_id_key" ON "review"("tenant_id", "suggestion_id");

CREATE UNIQUE INDEX "mapper_version_tenant_id_id_key" ON "mapper_version"("tenant_id", "id");

CREATE UNIQUE INDEX "mapper_version_tenant_id_sha256_key" ON "mapper_version"("tenant_id", "sha256");

CREATE INDEX "promotion_tenant_id_id_idx" ON "promotion"("tenant_id", "id" DESC);

CREATE INDEX "outbox_tenant_id_id_idx" ON "outbox"("tenant_id", "id");

CREATE INDEX "bucket_mapping_tenant_id_idx" ON "bucket_mapping"("tenant_id");

CREATE UNIQUE INDEX "bucket_mapping_bucket_prefix_key" ON "bucket_mapping"("bucket", "prefix");

ALTER TABLE "api_key" ADD CONSTRAINT "api_key_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "asset" ADD CONSTRAINT "asset_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "embedding" ADD CONSTRAINT "embedding_tenant_id_asset_row_id_fkey" FOREIGN KEY ("tenant_id", "asset_row_id") REFERENCES "asset"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "preview" ADD CONSTRAINT "preview_tenant_id_asset_row_id_fkey" FOREIGN KEY ("tenant_id", "asset_row_id") REFERENCES "asset"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "suggestion" ADD CONSTRAINT "suggestion_tenant_id_asset_row_id_fkey" FOREIGN KEY ("tenant_id", "asset_row_id") REFERENCES "asset"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "suggestion" ADD CONSTRAINT "suggestion_tenant_id_mapper_version_id_fkey" FOREIGN KEY ("tenant_id", "mapper_version_id") REFERENCES "mapper_version"("tenant_id", "id") ON DELETE NO ACTION ON UPDATE NO ACTION;

ALTER TABLE "review" ADD CONSTRAINT "review_tenant_id_suggestion_id_fkey" FOREIGN KEY ("tenant_id", "suggestion_id") REFERENCES "suggestion"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "mapper_version" ADD CONSTRAINT "mapper_version_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "promotion" ADD CONSTRAINT "promotion_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "promotion" ADD CONSTRAINT "promotion_tenant_id_mapper_version_id_fkey" FOREIGN KEY ("tenant_id", "mapper_version_id") REFERENCES "mapper_version"("tenant_id", "id") ON DELETE NO ACTION ON UPDATE NO ACTION;

ALTER TABLE "outbox" ADD CONSTRAINT "outbox_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "bucket_mapping" ADD CONSTRAINT "bucket_mapping_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema language cannot say -------------------------------------------------------

-- an index entry must stay below a third of a page, or one long name would refuse a whole batch
ALTER TABLE "asset" ADD CONSTRAINT "asset_names_are_indexable"
  CHECK (octet_length("asset_id") BETWEEN 1 AND 1024 AND octet_length("version") BETWEEN 1 AND 1024);
ALTER TABLE "review" ADD CONSTRAINT "review_text_is_the_correction"
  CHECK (("decision" IS NOT DISTINCT FROM 'corrected') = ("text" IS NOT NULL));

CREATE INDEX "asset_due_idx" ON "asset"("tenant_id", "next_attempt_at", "id") WHERE "status" = 'received';
CREATE INDEX "outbox_pending_idx" ON "outbox"("id") WHERE "published_at" IS NULL;
CREATE INDEX "outbox_pending_key_idx" ON "outbox"("tenant_id", "key", "id") WHERE "published_at" IS NULL;

-- Two roles that own nothing. They cannot log in until whoever deploys gives them a password. Roles belong
-- to the server, not to the database: they may be here already, or be made by a neighbour right now.
-- (\x3B is a semicolon: Prisma's driver adapters cut a script at every one they see, quoted or not.)
DO E'BEGIN
  CREATE ROLE housestyle_app NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS\x3B
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL\x3B
END';
DO E'BEGIN
  CREATE ROLE housestyle_queue NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS\x3B
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL\x3B
END';

REVOKE CREATE ON SCHEMA "public" FROM PUBLIC;
GRANT USAGE ON SCHEMA "public" TO housestyle_app, housestyle_queue;

-- Row-level security: forced, so that the owner keeps to it too. A row is visible, and may be written, in
-- the context of its own tenant, which a transaction sets. No context, or an empty one, is nobody's: no value
-- of the setting switches a policy off.
ALTER TABLE "tenant" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "tenant"
  USING ("id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

ALTER TABLE "api_key" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "api_key"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

ALTER TABLE "asset" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "asset"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

ALTER TABLE "embedding" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "embedding"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

ALTER TABLE "preview" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "preview"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

ALTER TABLE "suggestion" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "suggestion"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

ALTER TABLE "review" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "review"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

ALTER TABLE "mapper_version" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "mapper_version"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

ALTER TABLE "promotion" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "promotion"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

ALTER TABLE "outbox" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "outbox"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

ALTER TABLE "bucket_mapping" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "own_tenant" ON "bucket_mapping"
  USING ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid)
  WITH CHECK ("tenant_id" = nullif(current_setting('housestyle.tenant_id', true), '')::uuid);

-- The app role: one tenant at a time, by the policies above. Tenants and bucket mappings are an
-- administrator's, and history (suggestions, promotions, events) is only added to.
GRANT SELECT ON "tenant", "bucket_mapping", "asset" TO housestyle_app;
GRANT SELECT, INSERT ON "embedding", "preview", "suggestion", "mapper_version", "promotion", "outbox" TO housestyle_app;
GRANT SELECT, INSERT, UPDATE ON "review" TO housestyle_app;
GRANT SELECT, INSERT, UPDATE ("revoked_at", "last_used_at") ON "api_key" TO housestyle_app;
GRANT UPDATE (
  "status", "attempts", "next_attempt_at", "lease_token", "leased_until", "leased_by",
  "error_code", "error_message", "width", "height", "captioned_at", "failed_at"
) ON "asset" TO housestyle_app;
GRANT USAGE ON SEQUENCE "promotion_id_seq", "outbox_id_seq" TO housestyle_app;

-- The queue role: every tenant's rows, by policies of its own, but only the columns that landing, leasing,
-- relaying and finding a key's tenant take. Never a text, a review, an embedding, a picture or a payload.
CREATE POLICY "queue_reads" ON "tenant" FOR SELECT TO housestyle_queue USING (true);
CREATE POLICY "queue_reads" ON "api_key" FOR SELECT TO housestyle_queue USING (true);
CREATE POLICY "queue_reads" ON "bucket_mapping" FOR SELECT TO housestyle_queue USING (true);
CREATE POLICY "queue_reads" ON "asset" FOR SELECT TO housestyle_queue USING (true);
CREATE POLICY "queue_lands" ON "asset" FOR INSERT TO housestyle_queue WITH CHECK (true);
CREATE POLICY "queue_leases" ON "asset" FOR UPDATE TO housestyle_queue USING (true) WITH CHECK (true);
CREATE POLICY "queue_reads" ON "outbox" FOR SELECT TO housestyle_queue USING (true);
CREATE POLICY "queue_relays" ON "outbox" FOR UPDATE TO housestyle_queue USING (true) WITH CHECK (true);

GRANT SELECT ("id", "base_model") ON "tenant" TO housestyle_queue;
GRANT SELECT ("tenant_id", "prefix", "hash", "scopes", "revoked_at") ON "api_key" TO housestyle_queue;
GRANT SELECT ("tenant_id", "bucket", "prefix") ON "bucket_mapping" TO housestyle_queue;
GRANT SELECT ("id", "tenant_id", "asset_id", "version", "status", "attempts", "next_attempt_at", "lease_token", "leased_until")
  ON "asset" TO housestyle_queue;
GRANT INSERT ("tenant_id", "asset_id", "version", "uri", "content_type", "sha256", "context") ON "asset" TO housestyle_queue;
GRANT UPDATE ("attempts", "next_attempt_at", "lease_token", "leased_until", "leased_by") ON "asset" TO housestyle_queue;
GRANT SELECT ("id", "tenant_id", "key", "published_at", "attempts", "next_attempt_at", "leased_until")
  ON "outbox" TO housestyle_queue;
GRANT UPDATE ("published_at", "attempts", "next_attempt_at", "leased_until", "last_error") ON "outbox" TO housestyle_queue;
