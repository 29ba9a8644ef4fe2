import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CaptionerClient } from '@housestyle/contracts/captioner';
import { freePort } from '../support/free-port.js';
import { PICTURES, type Library } from './library.js';
import { Member, type MemberOptions } from './member.js';

/** Captioners and pipelines as processes of their own, each of which may be killed and started again. */
export interface Fleet {
  readonly captioner: Member;
  readonly captioners: readonly Member[];
  readonly pipelines: readonly Member[];
  /** of the first captioner, directly */
  readonly client: CaptionerClient;
  stop(): Promise<void>;
}

export interface FleetOptions extends MemberOptions {
  readonly pipelines?: number;
  readonly captioners?: number;
  readonly leaseMs?: number;
  /** of the n-th pipeline: what it has otherwise than the others. @param captionerPorts where the captioners listen */
  readonly settingsOf?: (n: number, captionerPorts: readonly number[]) => Promise<Readonly<Record<string, string>>>;
}

export async function startFleet(
  library: Pick<Library, 'uploadTopic' | 'consumerGroup'> & { readonly database: { readonly adminUrl: string } },
  brokers: string,
  { pipelines = 2, captioners = 1, leaseMs = 60_000, settingsOf, main, isSupervised }: FleetOptions = {},
): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), 'housestyle-fleet-'));
  const ports = await Promise.all(Array.from({ length: captioners }, () => freePort()));
  const started: Member[] = [];
  const start = async (...[name, app, settings, options]: Parameters<typeof Member.start>): Promise<Member> => {
    const member = await Member.start(name, app, settings, { isSupervised, ...options });
    started.push(member);
    return member;
  };
  const stop = async (): Promise<void> => {
    const isPipeline = ({ name }: Member) => name.startsWith('pipeline');
    await Promise.all(started.filter(isPipeline).map((member) => member.stop()));
    await Promise.all(started.map((member) => member.stop()));
    await rm(folder, { recursive: true, force: true });
  };

  try {
    const captionerMembers = await Promise.all(
      ports.map((port, n) =>
        start(`captioner ${n}`, 'captioner', {
          CAPTIONER_PORT: String(port),
          ARTEFACT_STORE: join(folder, 'artefacts'),
          MAPPER_CACHE: join(folder, `mapper-cache-${n}`),
        }),
      ),
    );
    const environment = {
      DATABASE_URL: library.database.adminUrl,
      KAFKA_BROKERS: brokers,
      UPLOAD_TOPIC: library.uploadTopic,
      KAFKA_CONSUMER_GROUP: library.consumerGroup,
      CAPTIONER_ADDRESS: ports.length === 1 ? `127.0.0.1:${ports[0]}` : grpcTarget(ports),
      UPLOAD_STORE: join(folder, 'uploads'),
      FILE_ROOTS: PICTURES,
      LEASE_MS: String(leaseMs),
    };
    const members = await Promise.all(
      Array.from({ length: pipelines }, async (_, n) =>
        start(
          `pipeline ${n}`,
          'pipeline',
          { ...environment, ...(await settingsOf?.(n, ports)) },
          main === undefined ? {} : { main },
        ),
      ),
    );
    const client = new CaptionerClient(`127.0.0.1:${ports[0]}`);
    return {
      captioner: captionerMembers[0]!,
      captioners: captionerMembers,
      pipelines: members,
      client,
      stop: async () => {
        client.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Several addresses of one service, used in turn. */
export const grpcTarget = (ports: readonly number[]): string =>
  `ipv4:${ports.map((port) => `127.0.0.1:${port}`).join()}`;
