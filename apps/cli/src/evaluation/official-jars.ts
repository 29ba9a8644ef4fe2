import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { DomainError } from '@housestyle/domain';
import type { CaptionedPicture } from '@housestyle/evaluation';

const METEOR_JAR = 'meteor-1.5.jar';
const SPICE_JAR = 'spice-1.0.jar';

// what `-jar` runs, but with whatever lies in lib/: a JavaScript engine, where Java has none of its own
const SPICE_CLASS_PATH = [SPICE_JAR, join('lib', '*')].join(delimiter);
const SPICE_MAIN_CLASS = 'edu.anu.spice.SpiceScorer';

/** SPICE's serialisation looks into Java's own classes, which Java 16 and newer allow only so; Java 8 ignores it. */
const OPEN_MODULES = [
  '-XX:+IgnoreUnrecognizedVMOptions',
  ...['lang', 'math', 'net', 'text', 'util', 'util.concurrent'].map(
    (name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`,
  ),
];

export interface JarScore {
  readonly corpus: number;
  readonly perImage: readonly number[];
}

/**
 * METEOR 1.5 and SPICE 1.0, in the user's own copies of their authors' Java programs, called as the COCO caption
 * evaluation code calls them.
 */
export class OfficialJars {
  private constructor(
    /** absolute paths; undefined what is not there. */
    private readonly meteorJar: string | undefined,
    private readonly spiceJar: string | undefined,
    private readonly java: string,
  ) {}

  /**
   * @param directory holds `meteor-1.5.jar` (beside its `data/`) or `spice-1.0.jar` (beside its `lib/`) or both, directly
   * or in `meteor/` and `spice/`
   * @throws DomainError `not_found` when it holds neither
   */
  static async find(directory: string, java = 'java'): Promise<OfficialJars> {
    const [meteor, spice] = await Promise.all([
      firstThere(directory, METEOR_JAR, 'meteor'),
      firstThere(directory, SPICE_JAR, 'spice'),
    ]);
    if (meteor === undefined && spice === undefined) {
      const message = `${directory} holds neither ${METEOR_JAR} nor ${SPICE_JAR}; they come with the COCO caption evaluation code`;
      throw new DomainError('not_found', message);
    }
    return new OfficialJars(meteor, spice, java);
  }

  /** undefined without the jar. @param pictures tokenised @throws DomainError `invalid_request` when Java fails */
  async meteor(pictures: readonly CaptionedPicture[]): Promise<JarScore | undefined> {
    if (this.meteorJar === undefined) return undefined;
    const process = this.start(
      this.meteorJar,
      ['-Xmx2G', '-jar', METEOR_JAR],
      ['-', '-', '-stdio', '-l', 'en', '-norm'],
    );
    try {
      const statistics = await process.ask(pictures.map(scoreLine), pictures.length);
      const scores = (await process.ask([`EVAL ||| ${statistics.join(' ||| ')}`], pictures.length + 1)).map(Number);
      return { corpus: scores.at(-1)!, perImage: scores.slice(0, -1) };
    } finally {
      process.stop();
    }
  }

  /** F-scores; undefined without the jar. A picture where neither side names anything has NaN, as there. */
  async spice(pictures: readonly CaptionedPicture[]): Promise<JarScore | undefined> {
    if (this.spiceJar === undefined) return undefined;
    const folder = await mkdtemp(join(tmpdir(), 'housestyle-spice-'));
    try {
      const [input, output] = [join(folder, 'in.json'), join(folder, 'out.json')];
      const entries = pictures.map(({ hypothesis, references }, n) => ({
        image_id: n,
        test: hypothesis,
        refs: references,
      }));
      await writeFile(input, JSON.stringify(entries));
      const cache = join(folder, 'cache');
      await mkdir(cache);
      const options = ['-cache', cache, '-out', output, '-subset', '-silent'];
      await this.start(
        this.spiceJar,
        ['-Xmx8G', ...OPEN_MODULES, '-cp', SPICE_CLASS_PATH, SPICE_MAIN_CLASS],
        [input, ...options],
      ).finished();
      const results = JSON.parse(await readFile(output, 'utf8')) as SpiceResult[];
      const scores = new Map(results.map(({ image_id, scores: { All } }) => [image_id, Number(All.f ?? NaN)]));
      const perImage = pictures.map((_, n) => scores.get(n) ?? NaN);
      return { corpus: perImage.reduce((total, score) => total + score, 0) / perImage.length, perImage };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Programs look for their data beside themselves, so they run there. */
  private start(jar: string, launch: readonly string[], options: readonly string[]): JarProcess {
    const child = spawn(this.java, [...launch, ...options], { cwd: dirname(jar), stdio: ['pipe', 'pipe', 'pipe'] });
    return new JarProcess(child, basename(jar));
  }
}

interface SpiceResult {
  readonly image_id: number;
  readonly scores: { readonly All: { readonly f: number | string | null } };
}

/** A running jar that answers line by line. */
class JarProcess {
  private readonly lines: AsyncIterator<string, undefined>;
  private readonly exit: Promise<DomainError | undefined>;
  private complaint = '';

  constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, Readable>,
    private readonly name: string,
  ) {
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.on(
      'data',
      (chunk: Buffer) => (this.complaint = (this.complaint + chunk.toString('utf8')).slice(-2000)),
    );
    // the exit says it better than a broken pipe
    child.stdin.on('error', () => undefined);
    this.exit = new Promise((resolveExit) => {
      child.once('error', (cause: NodeJS.ErrnoException) => resolveExit(this.failure(cause)));
      child.once('close', (code) => resolveExit(code === 0 ? undefined : this.failure(code)));
    });
  }

  /** Writes lines and reads `count` back. */
  async ask(lines: readonly string[], count: number): Promise<string[]> {
    this.child.stdin.write(`${lines.join('\n')}\n`);
    const answers: string[] = [];
    while (answers.length < count) {
      const answer = await this.lines.next();
      if (answer.done) throw (await this.exit) ?? this.failure('it ended before it had answered');
      answers.push(answer.value.trim());
    }
    return answers;
  }

  async finished(): Promise<void> {
    this.child.stdin.end();
    this.child.stdout.resume();
    const failure = await this.exit;
    if (failure) throw failure;
  }

  stop(): void {
    this.child.kill();
  }

  private failure(reason: NodeJS.ErrnoException | number | string | null): DomainError {
    if (reason instanceof Error) {
      const advice = reason.code === 'ENOENT' ? 'java is not on the PATH; install Java 8 or newer' : reason.message;
      return new DomainError('invalid_request', `${this.name}: ${advice}`, { cause: reason });
    }
    if (this.complaint.includes('scriptEngine')) {
      const advice = `${this.name} needs Java 8 to 14, or nashorn-core and ASM in its lib/ folder: later Java has no JavaScript engine`;
      return new DomainError('invalid_request', advice);
    }
    const said = this.complaint.trim().split('\n').slice(-3).join(' | ') || 'no message';
    return new DomainError('invalid_request', `${this.name} failed (${reason ?? 'killed'}): ${said}`);
  }
}

const scoreLine = ({ hypothesis, references }: CaptionedPicture): string =>
  ['SCORE', ...references, hypothesis.replaceAll('|||', '').replaceAll('  ', ' ')].join(' ||| ');

async function firstThere(directory: string, jar: string, folder: string): Promise<string | undefined> {
  for (const path of [resolve(directory, jar), resolve(directory, folder, jar)]) {
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}
