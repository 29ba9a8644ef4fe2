/** Header values as Kafka keeps them: bytes. Repeated headers are kept in order. */
export type MessageHeaders = Readonly<Record<string, Buffer | readonly Buffer[]>>;

/** One record as it was read. */
export interface IncomingMessage {
  readonly topic: string;
  readonly partition: number;
  /** decimal, 64 bits */
  readonly offset: string;
  /** ms since 1970, decimal */
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: MessageHeaders;
}

/** One record to be written. Records with equal keys keep their order. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly key: string | Buffer | null;
  readonly value: string | Buffer | null;
  readonly headers: Readonly<Record<string, string | Buffer | readonly Buffer[]>>;
}

/** The last value of a header as text; undefined when the header is absent. */
export function headerText(headers: MessageHeaders, name: string): string | undefined {
  const value = headers[name];
  return (Array.isArray(value) ? (value as readonly Buffer[]).at(-1) : (value as Buffer | undefined))?.toString();
}
