import { DomainError } from '@housestyle/domain';
import { quoted } from './byte-file.js';
import type { PickleCursor } from './pickle-cursor.js';
import { OPCODES, REFUSED } from './pickle-opcodes.js';
import { PickleDict, PickleGlobal, PickleList, PickleTuple, type PickleValue } from './pickle-values.js';

/** What names and persistent ids mean in a pickle: its whole vocabulary. Neither can lead to a function of the program. */
export interface PickleVocabulary {
  /** The value that the name stands for; undefined when the name is not allowed. */
  global(name: string): PickleValue | undefined;
  /** What an allowed name makes of its arguments; undefined when it makes nothing. */
  make(name: string, args: readonly PickleValue[]): PickleValue | undefined;
  /** What a persistent id refers to; undefined when none is expected. */
  persistent(id: PickleValue): PickleValue | undefined;
}

export interface PickleLimits {
  /** lists, tuples, dicts and objects made. */
  readonly maxObjects: number;
  /** values of any kind, those met again included. */
  readonly maxValues: number;
  /** bytes of all texts together. */
  readonly maxTextBytes: number;
  /** bytes of one text. */
  readonly maxStringBytes: number;
}

/**
 * Reads one pickle, protocols 2 to 5, as data. Instructions that would call, import or set anything are answered from
 * the vocabulary or refused with the name they ask for. Values are built by a loop, never by recursion, and what they
 * refer to is not copied: work and memory grow with the pickle's bytes only.
 * Source: Python's Lib/pickletools.py, which documents every opcode.
 * @throws DomainError `unsafe_checkpoint`, `corrupt_checkpoint`
 */
export function readPickle(cursor: PickleCursor, vocabulary: PickleVocabulary, limits: PickleLimits): PickleValue {
  return new PickleMachine(cursor, vocabulary, limits).run();
}

class PickleMachine {
  private stack: PickleValue[] = [];
  /** the stacks below the open marks. */
  private readonly below: PickleValue[][] = [];
  private readonly memo: PickleValue[] = [];
  private numObjects = 0;
  private numValues = 0;
  private textBytes = 0;

  constructor(
    private readonly cursor: PickleCursor,
    private readonly vocabulary: PickleVocabulary,
    private readonly limits: PickleLimits,
  ) {}

  run(): PickleValue {
    const { cursor } = this;
    const isPickle = cursor.byte() === OPCODES.PROTO;
    const protocol = isPickle ? cursor.byte() : 0;
    if (protocol < 2 || protocol > 5) throw this.corrupt(`is not a pickle of protocol 2 to 5`);
    for (;;) {
      const opcode = cursor.byte();
      if (opcode === OPCODES.STOP) return this.finish();
      this.step(opcode);
    }
  }

  private finish(): PickleValue {
    const value = this.pop();
    if (this.stack.length > 0 || this.below.length > 0) throw this.corrupt('ends with values left over');
    return value;
  }

  private step(opcode: number): void {
    const { cursor } = this;
    switch (opcode) {
      case OPCODES.FRAME:
        return void cursor.wideLength();
      case OPCODES.MARK:
        return this.mark();
      case OPCODES.POP:
        return this.drop();
      case OPCODES.POP_MARK:
        return void this.popMark();

      case OPCODES.NONE:
        return this.push(null);
      case OPCODES.NEWTRUE:
        return this.push(true);
      case OPCODES.NEWFALSE:
        return this.push(false);
      case OPCODES.BININT:
        return this.push(cursor.signed32());
      case OPCODES.BININT1:
        return this.push(cursor.byte());
      case OPCODES.BININT2:
        return this.push(cursor.unsigned(2));
      case OPCODES.LONG1:
        return this.push(cursor.long(cursor.byte()));
      case OPCODES.BINFLOAT:
        return this.push(cursor.double());
      case OPCODES.SHORT_BINUNICODE:
        return this.push(this.text(cursor.byte()));
      case OPCODES.BINUNICODE:
        return this.push(this.text(cursor.unsigned(4)));
      case OPCODES.BINUNICODE8:
        return this.push(this.text(cursor.wideLength()));
      case OPCODES.SHORT_BINBYTES:
        return this.push(this.made(cursor.bytes(cursor.byte())));
      case OPCODES.BINBYTES:
        return this.push(this.made(cursor.bytes(cursor.unsigned(4))));
      case OPCODES.BINBYTES8:
        return this.push(this.made(cursor.bytes(cursor.wideLength())));

      case OPCODES.EMPTY_LIST:
        return this.push(this.made(new PickleList()));
      case OPCODES.EMPTY_DICT:
        return this.push(this.made(new PickleDict(false)));
      case OPCODES.EMPTY_TUPLE:
        return this.push(EMPTY_TUPLE);
      case OPCODES.TUPLE:
        return this.tuple(this.popMark());
      case OPCODES.TUPLE1:
        return this.tuple(this.popMany(1));
      case OPCODES.TUPLE2:
        return this.tuple(this.popMany(2));
      case OPCODES.TUPLE3:
        return this.tuple(this.popMany(3));
      case OPCODES.APPEND:
        return this.append(this.popMany(1));
      case OPCODES.APPENDS:
        return this.append(this.popMark());
      case OPCODES.SETITEM:
        return this.setItems(this.popMany(2));
      case OPCODES.SETITEMS:
        return this.setItems(this.popMark());

      case OPCODES.BINPUT:
        return this.memoize(cursor.byte());
      case OPCODES.LONG_BINPUT:
        return this.memoize(cursor.unsigned(4));
      case OPCODES.MEMOIZE:
        return this.memoize(this.memo.length);
      case OPCODES.BINGET:
        return this.recall(cursor.byte());
      case OPCODES.LONG_BINGET:
        return this.recall(cursor.unsigned(4));

      case OPCODES.GLOBAL:
        return this.global(cursor.line(), cursor.line());
      case OPCODES.STACK_GLOBAL:
        return this.stackGlobal();
      case OPCODES.REDUCE:
        return this.reduce();
      case OPCODES.BUILD:
        return this.build();
      case OPCODES.BINPERSID:
        return this.persistent();
      default:
        throw this.refuseOpcode(opcode);
    }
  }

  private push(value: PickleValue): void {
    if (++this.numValues > this.limits.maxValues) throw this.corrupt(`has more than ${this.limits.maxValues} values`);
    this.stack.push(value);
  }

  private text(bytes: number): string {
    const text = this.cursor.text(bytes);
    const { maxTextBytes } = this.limits;
    if ((this.textBytes += bytes) > maxTextBytes) throw this.corrupt(`has more than ${maxTextBytes} bytes of text`);
    return text;
  }

  private pop(): PickleValue {
    const value = this.stack.pop();
    if (value === undefined) throw this.corrupt('takes a value where there is none');
    return value;
  }

  private popMany(count: number): PickleValue[] {
    if (this.stack.length < count) throw this.corrupt('takes a value where there is none');
    return this.stack.splice(-count);
  }

  private top(): PickleValue {
    const value = this.stack.at(-1);
    if (value === undefined) throw this.corrupt('takes a value where there is none');
    return value;
  }

  private mark(): void {
    if (this.below.length >= MAX_MARKS) throw this.corrupt(`opens more than ${MAX_MARKS} marks`);
    this.below.push(this.stack);
    this.stack = [];
  }

  /** What was pushed since the last mark. */
  private popMark(): PickleValue[] {
    const values = this.stack;
    const before = this.below.pop();
    if (!before) throw this.corrupt('takes a mark where there is none');
    this.stack = before;
    return values;
  }

  private drop(): void {
    if (this.stack.length > 0) this.stack.pop();
    else this.popMark();
  }

  private made<T extends PickleValue>(value: T): T {
    if (++this.numObjects > this.limits.maxObjects) {
      throw this.corrupt(`makes more than ${this.limits.maxObjects} objects`);
    }
    return value;
  }

  private tuple(items: readonly PickleValue[]): void {
    this.push(items.length === 0 ? EMPTY_TUPLE : this.made(new PickleTuple(items)));
  }

  private append(values: readonly PickleValue[]): void {
    const list = this.top();
    if (!(list instanceof PickleList)) throw this.corrupt(`appends to ${kindOf(list)}`);
    for (const value of values) list.items.push(value);
  }

  private setItems(flat: readonly PickleValue[]): void {
    const dict = this.top();
    if (!(dict instanceof PickleDict)) throw this.corrupt(`sets items of ${kindOf(dict)}`);
    if (flat.length % 2 !== 0) throw this.corrupt('sets a key without a value');
    for (let n = 0; n < flat.length; n += 2) dict.set(flat[n]!, flat[n + 1]!);
  }

  /** Python numbers the memo one by one; what leaves wider gaps was made by hand. */
  private memoize(index: number): void {
    if (index > this.memo.length + 1) throw this.corrupt(`puts ${index} into a memo of ${this.memo.length}`);
    this.memo[index] = this.top();
  }

  private recall(index: number): void {
    const value = this.memo[index];
    if (value === undefined) throw this.corrupt(`gets ${index} out of a memo of ${this.memo.length}`);
    this.push(value);
  }

  private global(module: string, name: string): void {
    const full = `${module}.${name}`;
    const value = this.vocabulary.global(full);
    if (value === undefined) throw this.refuse(full);
    this.push(value);
  }

  private stackGlobal(): void {
    const [module, name] = this.popMany(2);
    if (typeof module !== 'string' || typeof name !== 'string') throw this.corrupt('names a global without a name');
    this.global(module, name);
  }

  private reduce(): void {
    const [callable, args] = this.popMany(2);
    if (!(callable instanceof PickleGlobal)) throw this.refuse(`a call of ${kindOf(callable!)}`);
    if (!(args instanceof PickleTuple)) throw this.corrupt(`calls ${callable.name} without a tuple`);
    const value = this.vocabulary.make(callable.name, args.items);
    if (value === undefined) throw this.refuse(`a call of ${callable.name}`);
    this.push(this.made(value));
  }

  /** An OrderedDict may have attributes, as state dicts have (`_metadata`): they are read and left out. */
  private build(): void {
    const [target, state] = this.popMany(2);
    const isAttributes = target instanceof PickleDict && target.isOrdered && state instanceof PickleDict;
    if (!isAttributes) throw this.refuse(`a state to be set (BUILD, __setstate__) on ${kindOf(target!)}`);
    this.push(target);
  }

  private persistent(): void {
    const value = this.vocabulary.persistent(this.pop());
    if (value === undefined) throw this.refuse('a persistent id');
    this.push(this.made(value));
  }

  private refuseOpcode(opcode: number): DomainError {
    if (opcode === OPCODES.INST) return this.refuse(`${this.cursor.line()}.${this.cursor.line()} (INST)`);
    const name = REFUSED.get(opcode);
    if (name) return this.refuse(name);
    return this.corrupt(`has an unknown instruction 0x${opcode.toString(16)}`);
  }

  private refuse(what: string): DomainError {
    const { label } = this.cursor;
    const rule = 'only tensors and plain data are read, and nothing is ever run';
    return new DomainError('unsafe_checkpoint', `${label} asks for ${quoted(what)}: refused; ${rule}`);
  }

  private corrupt(what: string): DomainError {
    return this.cursor.corrupt(what);
  }
}

function kindOf(value: PickleValue): string {
  if (value === null) return 'None';
  if (value instanceof PickleGlobal) return value.name;
  return typeof value === 'object' ? value.constructor.name.replace(/^Pickle/, '').toLowerCase() : `a ${typeof value}`;
}

const EMPTY_TUPLE = new PickleTuple([]);
const MAX_MARKS = 1000;
