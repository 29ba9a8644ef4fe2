import { API_KEY_SCOPES } from '@housestyle/contracts';
import { Option, type Command } from 'commander';
import { createTenant, type TenantOptions } from '../administration.command.js';
import { count } from '../option-values.js';
import type { Terminal } from '../terminal.js';
import { mapTenantBuckets, type BucketOptions } from './buckets.command.js';
import { limitTenant, type LimitOptions } from './limit.command.js';
import {
  createKey,
  listKeys,
  revokeKey,
  rotateKey,
  type CreateKeyOptions,
  type KeyOptions,
  type RotateKeyOptions,
} from './keys.command.js';

const MOST_GRACE_HOURS = 90 * 24;

const CREATE_HELP = `
Examples:
  $ DATABASE_URL=postgres://admin:…@db/housestyle housestyle tenants create "City Museum"
  $ housestyle tenants create "Toy Shop" --base-model demo --bucket toy-shop-uploads/incoming/

  Prints the tenant's id and its API key. The key is shown once: the database keeps its hash.`;

const BUCKETS_HELP = `
Examples:
  $ housestyle tenants buckets 7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10 museum-uploads museum-archive/scans/
  $ housestyle tenants buckets 7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10 --unmap museum-uploads
  $ housestyle tenants buckets 7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10

  Prints what is mapped afterwards. Of two prefixes that fit an object the longer one counts. S3_BUCKETS, a setting of the
  pipeline, has to list a bucket too. What is unmapped is read no more; what was captioned stays.`;

const LIMIT_HELP = `
Examples:
  $ housestyle tenants limit 7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10 --assets-per-day 10000
  $ housestyle tenants limit 7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10

  Sets all three: what is not given is as the settings say, and without a quota. A quota that changes begins its day anew;
  what was waiting for a later day gets the first places.`;

const KEYS_HELP = `
Examples:
  To change a key without a gap: rotate it, deploy the successor; the old one ends by itself, or is revoked before.
  $ housestyle keys list 7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10
  $ housestyle keys rotate 7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10 9f31c0aa4be2 --grace-hours 24
  $ housestyle keys revoke 7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10 9f31c0aa4be2

  A key is named by its prefix, the readable middle of hs_<prefix>_<random>. Needs DATABASE_URL, as an administrator;
  a tenant's own keys of the scope admin do the same over HTTP (/v1/api-keys).`;

/** The commands of whoever runs the installation: its tenants, their keys, what they may ask for. */
export function registerTenants(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const tenants = program.command('tenants').description('The tenants of this installation.');
  tenants
    .command('create')
    .description('Create a tenant with its first API key.')
    .argument('<name>', 'what people call it')
    .option('--base-model <name>', 'base model its pictures are captioned with', 'demo')
    .option('--bucket <bucket/prefix...>', 'S3 buckets whose notifications are its uploads', [])
    .option('--json', 'print a JSON object', false)
    .addHelpText('after', CREATE_HELP)
    .action(async (name: string, options: TenantOptions) => exit(await createTenant(name, options, terminal)));
  tenants
    .command('buckets')
    .description('Map further S3 buckets to a tenant, or take them from it.')
    .argument('<tenant>', 'its id')
    .argument('[bucket/prefix...]', 'whose objects, by notification or s3: URI, are its pictures')
    .option('--unmap <bucket/prefix...>', 'mappings to remove, first', [])
    .option('--json', 'print JSON, one object a line', false)
    .addHelpText('after', BUCKETS_HELP)
    .action(async (tenant: string, locations: string[], options: BucketOptions) =>
      exit(await mapTenantBuckets(tenant, locations, options, terminal)),
    );
  tenants
    .command('limit')
    .description('Say how much a tenant may ask for.')
    .argument('<tenant>', 'its id')
    .option('--requests-per-minute <n>', 'of all its keys together', count())
    .option('--key-requests-per-minute <n>', 'of each key', count())
    .option('--assets-per-day <n>', 'quota of new assets a day (UTC)', count(2 ** 31 - 1))
    .addHelpText('after', LIMIT_HELP)
    .action(async (tenant: string, options: LimitOptions) => exit(await limitTenant(tenant, options, terminal)));

  const keys = program.command('keys').description("A tenant's API keys.").addHelpText('after', KEYS_HELP);
  const json = () => new Option('--json', 'print JSON, one object a line').default(false);
  keys
    .command('list')
    .description('List them, newest first, with when they were last used.')
    .argument('<tenant>', "the tenant's id")
    .addOption(json())
    .action(async (tenant: string, options: KeyOptions) => exit(await listKeys(tenant, options, terminal)));
  keys
    .command('create')
    .description('Make one; it is shown once.')
    .argument('<tenant>', "the tenant's id")
    .argument('<name>', 'what it is for')
    .addOption(new Option('--scope <scope...>', 'what it allows').choices(API_KEY_SCOPES).default(['upload', 'review']))
    .option('--expires-in-hours <n>', 'how long it lives; otherwise until it is revoked', count(3_650 * 24))
    .addOption(json())
    .action(async (tenant: string, name: string, options: CreateKeyOptions) =>
      exit(await createKey(tenant, name, options, terminal)),
    );
  keys
    .command('rotate')
    .description('Make a successor of the same name and scopes; the old key lives on for a while.')
    .argument('<tenant>', "the tenant's id")
    .argument('<prefix>', "the old key's")
    .option('--grace-hours <n>', 'how long the old key lives on', count(MOST_GRACE_HOURS), 7 * 24)
    .addOption(json())
    .action(async (tenant: string, prefix: string, options: RotateKeyOptions) =>
      exit(await rotateKey(tenant, prefix, options, terminal)),
    );
  keys
    .command('revoke')
    .description('End one, from this moment on.')
    .argument('<tenant>', "the tenant's id")
    .argument('<prefix>', "the key's")
    .action(async (tenant: string, prefix: string) => exit(await revokeKey(tenant, prefix, terminal)));
}
