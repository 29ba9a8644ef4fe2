import { ERROR_CODES, isErrorCode, tenantId, type TenantId } from '@housestyle/domain';
import { InvalidArgumentError, type Command } from 'commander';
import { count, names } from '../option-values.js';
import type { Terminal } from '../terminal.js';
import { redriveAssets } from './redrive-assets.command.js';
import { redriveEvents, type RedriveEventsOptions } from './redrive-events.command.js';
import type { RedriveOptions } from './redrive-report.js';

const ABOUT = `
Two things can be stuck, and each has its command:

  assets   A picture that landed and then failed for good: its server was away, the file was broken, its bucket could not
           be read. It is a row whose status is failed. Redriven, it is received again, as if it had just landed.
  events   A message that never became a row: no tenant of that name, a bucket that is nobody's, a malformed event. It is
           a record on <topic>.dlt. Redriven, it is on <topic> again, and lands, or becomes a new dead letter.

First repair what was wrong, then look with --dry-run, then redrive. Both are safe to repeat and to run beside a working
pipeline: an asset that is not failed is left alone, a letter that was sent back is not sent again.`;

const ASSET_EXAMPLES = `
Examples:
  What failed since yesterday, by error code; nothing changes.
  $ housestyle redrive assets --since 24h --dry-run

  The picture server is back: everything that could not be fetched from it.
  $ housestyle redrive assets --code source_unavailable,source_timeout

  One tenant's, ten of them first, to see whether they work now.
  $ housestyle redrive assets --tenant 7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10 --limit 10

  --code also finds what the attempts failed of: an asset of attempts_exhausted whose message begins "source_timeout:"
  counts as source_timeout. Needs DATABASE_URL, or DATABASE_APP_URL and DATABASE_QUEUE_URL.`;

const EVENT_EXAMPLES = `
Examples:
  What lies on the dead-letter topics of the pipeline, by error code; nothing changes.
  $ KAFKA_BROKERS=kafka:9092 housestyle redrive events --dry-run

  The tenant exists now: everything that was set aside because it did not.
  $ housestyle redrive events --code unknown_tenant --tenant 7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10

  A bucket has got an owner: its notifications of Friday.
  $ housestyle redrive events --topic s3-notifications --code unmapped_bucket \\
      --since 2026-11-20T00:00:00Z --until 2026-11-21T00:00:00Z

  A letter that was sent back is marked so by a record on its dead-letter topic, which is where the next redrive looks.
  --tenant goes by the event's key or its tenantId; a bucket notification names none. Needs KAFKA_BROKERS.`;

/** The commands that give what failed another try. */
export function registerRedrive(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const redrive = program
    .command('redrive')
    .description('Give failed pictures and dead-lettered events another try.')
    .addHelpText('after', ABOUT);

  withFilters(redrive.command('assets').description('Put failed assets back to received.'))
    .addHelpText('after', ASSET_EXAMPLES)
    .action(async (options: RedriveOptions) => exit(await redriveAssets(options, terminal)));

  withFilters(redrive.command('events').description('Send dead letters back to the topic they came on.'))
    .option(
      '--topic <names>',
      'topics they came on, comma-separated (default: UPLOAD_TOPIC, S3_NOTIFICATION_TOPIC)',
      names,
    )
    .addHelpText('after', EVENT_EXAMPLES)
    .action(async (options: RedriveEventsOptions) => exit(await redriveEvents(options, terminal)));
}

const withFilters = (command: Command): Command =>
  command
    .option('--tenant <id>', 'only of this tenant', aTenant)
    .option('--code <codes>', 'only with these error codes, comma-separated', errorCodes)
    .option('--since <time>', 'only what failed at or after it: 2026-11-20T08:00:00Z, or 30m, 24h, 7d ago', moment)
    .option('--until <time>', 'only what failed before it', moment)
    .option('--limit <n>', 'at most so many, the oldest first', count())
    .option('--dry-run', 'only count', false)
    .option('--json', 'print JSON objects', false);

function aTenant(text: string): TenantId {
  try {
    return tenantId(text);
  } catch {
    throw new InvalidArgumentError('Give a tenant id: a UUID in lower case.');
  }
}

function errorCodes(text: string): string[] {
  const codes = names(text);
  const unknown = codes.find((code) => !isErrorCode(code));
  if (unknown === undefined) return codes;
  const near = Object.keys(ERROR_CODES).filter((code) => code.startsWith(unknown.split('_')[0]!));
  throw new InvalidArgumentError(
    `There is no code ${unknown}${near.length > 0 ? `; do you mean ${near.join(' or ')}?` : '.'}`,
  );
}

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function moment(text: string): Date {
  const ago = /^(\d+)([mhd])$/.exec(text);
  if (ago) return new Date(Date.now() - Number(ago[1]) * UNIT_MS[ago[2] as keyof typeof UNIT_MS]);
  const date = new Date(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError('Give a time such as 2026-11-20T08:00:00Z, or how long ago: 30m, 24h, 7d.');
}
