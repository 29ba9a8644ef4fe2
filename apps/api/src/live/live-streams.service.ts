import { Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Response } from 'express';
import type { StreamEvent } from '@housestyle/contracts';
import type { TenantId } from '@housestyle/domain';
import { Metrics, type Gauge } from '@housestyle/telemetry';

const HEARTBEAT_MS = 15_000;
/** EventSource reconnects by itself: a revoked key keeps its stream no longer than this. */
const MAX_AGE_MS = 5 * 60_000;
/** A client this far behind is cut off; it lists again when it is back. */
const MAX_UNSENT_BYTES = 1024 * 1024;

interface LiveStream {
  readonly response: Response;
  readonly openedAt: number;
}

/** The open event streams, by tenant: an event reaches the streams of its own tenant and nobody else's. */
@Injectable()
export class LiveStreams implements OnModuleInit, BeforeApplicationShutdown {
  private readonly streams = new Map<TenantId, Set<LiveStream>>();
  private readonly openStreams: Gauge;
  private heartbeat?: NodeJS.Timeout;

  constructor(metrics: Metrics) {
    this.openStreams = metrics.gauge('api_open_event_streams', 'Event streams open now');
  }

  onModuleInit(): void {
    this.heartbeat = setInterval(() => this.beat(Date.now()), HEARTBEAT_MS).unref();
  }

  /** Before the server waits for its connections to end, which a stream would not. */
  beforeApplicationShutdown(): void {
    clearInterval(this.heartbeat);
    for (const { response } of this.all()) response.end();
  }

  hasListeners(tenantId: TenantId): boolean {
    return this.streams.has(tenantId);
  }

  /** Answers `response` with the tenant's events until either side closes. */
  open(tenantId: TenantId, response: Response): void {
    const stream: LiveStream = { response, openedAt: Date.now() };
    const ofTenant = this.streams.get(tenantId) ?? new Set();
    this.streams.set(tenantId, ofTenant.add(stream));
    this.openStreams.inc();
    response.on('close', () => this.forget(tenantId, stream));
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    response.write(`retry: 2000\n${encode({ type: 'ready', data: {} })}`);
  }

  send(tenantId: TenantId, event: StreamEvent): void {
    const text = encode(event);
    for (const { response } of this.streams.get(tenantId) ?? []) write(response, text);
  }

  /** Something may have been missed: every client is told to list again. */
  sendReadyToAll(): void {
    const text = encode({ type: 'ready', data: {} });
    for (const { response } of this.all()) write(response, text);
  }

  private beat(now: number): void {
    for (const { response, openedAt } of this.all()) {
      if (now - openedAt > MAX_AGE_MS) response.end();
      else write(response, ': still here\n\n');
    }
  }

  private *all(): Iterable<LiveStream> {
    for (const ofTenant of [...this.streams.values()]) yield* [...ofTenant];
  }

  private forget(tenantId: TenantId, stream: LiveStream): void {
    const ofTenant = this.streams.get(tenantId);
    if (!ofTenant?.delete(stream)) return;
    this.openStreams.dec();
    if (ofTenant.size === 0) this.streams.delete(tenantId);
  }
}

function write(response: Response, text: string): void {
  if (response.writableEnded) return;
  if (response.writableLength > MAX_UNSENT_BYTES) response.destroy();
  else response.write(text);
}

const encode = ({ type, data }: StreamEvent): string => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
