import type { FromBlockUser, SharedBlock, ToBlockUser } from './shared-blocks.js';

/**
 * Fills a block and says what lies where.
 * @param take memory of at least so many bytes, of any content; at most once
 */
export type MakeBlock<Layout> = (take: (bytes: number) => Promise<SharedArrayBuffer>) => Promise<Layout>;

interface Held {
  uses: number;
  readonly coming: Promise<SharedBlock>;
  readonly resolve: (block: SharedBlock) => void;
  readonly reject: (reason: unknown) => void;
  /** until the block is there. */
  make?: MakeBlock<unknown>;
  taken?: (buffer: SharedArrayBuffer) => void;
}

/** What the threads of a pool read together, for as long as any of them uses it; a thread's side. */
export class SharedMemory {
  private readonly held = new Map<string, Held>();

  constructor(private readonly tell: (message: FromBlockUser) => void) {}

  /**
   * The block of that key, made by one thread for all. It stays until `leave` was called as often as this was answered.
   * @param make called if no other thread has it, or none can make it; what it throws is thrown here
   */
  async get<Layout>(key: string, make: MakeBlock<Layout>): Promise<SharedBlock<Layout>> {
    const held = this.held.get(key) ?? this.want(key, make);
    held.uses++;
    return held.coming as Promise<SharedBlock<Layout>>;
  }

  leave(key: string): void {
    const held = this.held.get(key)!;
    if (--held.uses > 0) return;
    this.held.delete(key);
    this.tell({ kind: 'leaveBlock', key });
  }

  receive(message: ToBlockUser): void {
    const held = this.held.get(message.key)!;
    switch (message.kind) {
      case 'makeBlock':
        return void this.make(message.key, held);
      case 'memory':
        return held.taken!(message.buffer);
      case 'block':
        delete held.make;
        delete held.taken;
        return held.resolve(message.block);
    }
  }

  private want(key: string, make: MakeBlock<unknown>): Held {
    let settle!: Pick<Held, 'resolve' | 'reject'>;
    const coming = new Promise<SharedBlock>((resolve, reject) => (settle = { resolve, reject }));
    const held: Held = { uses: 0, coming, ...settle, make };
    this.held.set(key, held);
    this.tell({ kind: 'wantBlock', key });
    return held;
  }

  private async make(key: string, held: Held): Promise<void> {
    const take = (bytes: number): Promise<SharedArrayBuffer> =>
      new Promise((resolve) => {
        held.taken = resolve;
        this.tell({ kind: 'needMemory', key, bytes });
      });
    try {
      const layout = await held.make!(take);
      this.tell({ kind: 'madeBlock', key, layout });
    } catch (error) {
      this.held.delete(key);
      this.tell({ kind: 'blockNotMade', key });
      held.reject(error);
    }
  }
}
