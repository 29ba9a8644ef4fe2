/** Memory that a pool's threads have in common, and what lies where in it. */
export interface SharedBlock<Layout = unknown> {
  readonly buffer: SharedArrayBuffer;
  /** cloned into every thread that asks for the block. */
  readonly layout: Layout;
}

/** What a thread says about a block, by its key. */
export type FromBlockUser =
  | { readonly kind: 'wantBlock'; readonly key: string }
  | { readonly kind: 'needMemory'; readonly key: string; readonly bytes: number }
  | { readonly kind: 'madeBlock'; readonly key: string; readonly layout: unknown }
  | { readonly kind: 'blockNotMade'; readonly key: string }
  | { readonly kind: 'leaveBlock'; readonly key: string };

/** What a thread that wants a block is told: to make it, where, and that here it is. */
export type ToBlockUser =
  | { readonly kind: 'makeBlock'; readonly key: string }
  | { readonly kind: 'memory'; readonly key: string; readonly buffer: SharedArrayBuffer }
  | { readonly kind: 'block'; readonly key: string; readonly block: SharedBlock };

export interface BlockUser {
  tell(message: ToBlockUser): void;
}

/** Wanted by `waiting`, while `maker` makes it; or made, and used. */
interface Entry<User> {
  maker?: User;
  readonly waiting: User[];
  buffer?: SharedArrayBuffer;
  layout?: unknown;
  readonly users: Set<User>;
}

/** Of memory that nobody uses any more and that is kept for the next block: some dozen deltas of GPT-2's smallest size. */
const MAX_SPARE_BYTES = 64 * 1024 ** 2;
/** Memory larger than that times what is needed would be held for nothing. */
const MAX_SLACK = 1.25;

/**
 * The pool's side of `SharedMemory`: a block is made by the thread that asks first, given to all who ask while any thread
 * uses it, and its memory then to the next block that it fits. For V8 does not count shared memory: it would be collected
 * whenever something else makes a thread collect its garbage, and new memory be taken meanwhile.
 */
export class SharedBlocks<User extends BlockUser> {
  private readonly entries = new Map<string, Entry<User>>();
  private readonly spares: SharedArrayBuffer[] = [];

  /** of all blocks in use, each counted once. */
  get bytes(): number {
    return bytesOf([...this.entries.values()].flatMap(({ buffer }) => buffer ?? []));
  }

  /** @returns whether there was any memory to give up */
  clear(): boolean {
    const isAny = this.entries.size + this.spares.length > 0;
    this.entries.clear();
    this.spares.length = 0;
    return isAny;
  }

  receive(user: User, message: FromBlockUser): void {
    const { key } = message;
    switch (message.kind) {
      case 'wantBlock':
        return this.want(user, key);
      case 'needMemory':
        return this.allocate(key, message.bytes);
      case 'madeBlock':
        return this.made(key, message.layout);
      case 'blockNotMade':
        return this.notMade(key);
      case 'leaveBlock':
        return this.leave(user, key);
    }
  }

  /** A thread has ended, whatever it was at. */
  forget(user: User): void {
    for (const [key, entry] of [...this.entries]) {
      entry.waiting.splice(0, Infinity, ...entry.waiting.filter((other) => other !== user));
      if (entry.maker === user) {
        delete entry.buffer; // it may be at writing still
        this.makeByNext(key);
      } else if (entry.users.has(user)) {
        this.leave(user, key);
      }
    }
  }

  private want(user: User, key: string): void {
    const entry: Entry<User> = this.entries.get(key) ?? { users: new Set(), waiting: [] };
    this.entries.set(key, entry);
    if (entry.users.size > 0) return this.give(key, entry, user);
    entry.waiting.push(user);
    if (!entry.maker) this.makeByNext(key);
  }

  private makeByNext(key: string): void {
    const entry = this.entries.get(key)!;
    const maker = entry.waiting.shift();
    if (!maker) return void this.entries.delete(key);
    entry.maker = maker;
    maker.tell({ kind: 'makeBlock', key });
  }

  private allocate(key: string, bytes: number): void {
    const entry = this.entries.get(key)!;
    const fitting = this.spares.findIndex(({ byteLength }) => bytes <= byteLength && byteLength <= MAX_SLACK * bytes);
    const [spare] = fitting === -1 ? [] : this.spares.splice(fitting, 1);
    entry.buffer = spare ?? new SharedArrayBuffer(bytes);
    entry.maker!.tell({ kind: 'memory', key, buffer: entry.buffer });
  }

  private made(key: string, layout: unknown): void {
    const entry = this.entries.get(key)!;
    const takers = [entry.maker!, ...entry.waiting.splice(0)];
    delete entry.maker;
    entry.layout = layout;
    for (const user of takers) this.give(key, entry, user);
  }

  private notMade(key: string): void {
    const entry = this.entries.get(key)!;
    if (entry.buffer) this.spare(entry.buffer);
    delete entry.buffer;
    this.makeByNext(key);
  }

  private give(key: string, { users, buffer, layout }: Entry<User>, user: User): void {
    users.add(user);
    user.tell({ kind: 'block', key, block: { buffer: buffer!, layout } });
  }

  private leave(user: User, key: string): void {
    const { users, buffer } = this.entries.get(key)!;
    users.delete(user);
    if (users.size > 0) return;
    this.entries.delete(key);
    this.spare(buffer!);
  }

  private spare(buffer: SharedArrayBuffer): void {
    if (buffer.byteLength > 0) this.spares.push(buffer);
    while (bytesOf(this.spares) > MAX_SPARE_BYTES) this.spares.shift();
  }
}

const bytesOf = (buffers: readonly SharedArrayBuffer[]): number =>
  buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
