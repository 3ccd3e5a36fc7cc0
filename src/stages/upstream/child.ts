import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import spawn from 'cross-spawn';
import { LineReader } from '../../platform/line-reader.ts';
import { type Pace, SHARE_ASKED, SHARE_UNASKED } from '../../platform/pace.ts';
import { pipeLine } from '../../platform/pipe-line.ts';

/**
 * A server as a child process: lines of JSON out, lines of JSON in. It runs in a process group of its own, so that a
 * Ctrl-C on the terminal reaches the gateway alone and the gateway ends it with everything it started.
 */
export class Child {
  readonly #process: ChildProcess;
  readonly #stderr: string[] = [];
  readonly #exited: Promise<void>;
  readonly #over = Promise.withResolvers<void>();
  #gone: string | undefined;
  #corked = false;
  #isEnding = false;
  /** Whether somebody waited for a line of the piece that is being read. */
  #wasAwaited = false;
  /** Whether it has ended, and what it said last is being read. */
  #isLast = false;

  constructor(command: ChildCommand, events: ChildEvents) {
    this.#process = spawn(command.command, [...command.args], {
      cwd: command.cwd,
      env: command.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const { stdin, stdout, stderr } = this.#process;
    const lines = new LineReader({
      bytesMax: events.lineBytesMax,
      onLine: (bytes) => {
        if (events.onLine(bytes.toString('utf8'))) this.#wasAwaited = true;
      },
      onLongLine: (head, tail) => events.onLongLine(head.toString('latin1'), tail.toString('latin1')),
    });
    if (stdout !== null) this.#read(stdout, lines, events);
    stdout?.on('end', () => {
      lines.end();
      this.#endSoon('its output is closed', events.onGone);
    });
    // A pipe that breaks shows in `exit`; without a listener it would end the gateway.
    stdin?.on('error', () => this.#endSoon('its input is closed', events.onGone));
    if (stderr !== null) {
      const said = (line: string) => {
        this.#stderr.push(line);
        if (this.#stderr.length > STDERR_LINES) this.#stderr.shift();
        events.log(line);
      };
      const words = new LineReader({
        bytesMax: STDERR_LINE_BYTES_MAX,
        onLine: (bytes) => said(bytes.toString('utf8')),
        onLongLine: (head) => said(`${head.toString('utf8')} …`),
      });
      this.#read(stderr, words, events);
    }
    this.#exited = new Promise((resolve) => {
      this.#process.once('error', (fault) => {
        this.#end(`it cannot be started: ${fault.message}`, events.onGone);
        resolve();
      });
      this.#process.once('exit', (code, signal) => {
        const why = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
        void this.#lastLines().then(() => {
          this.#end(why, events.onGone);
          resolve();
        });
      });
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The last lines it wrote on stderr. */
  get lastWords(): readonly string[] {
    return this.#stderr;
  }

  /** False where nothing was written: the process is gone, or it has not read for so long that the pipe is full. */
  write(line: string): boolean {
    const { stdin } = this.#process;
    if (this.#gone !== undefined || stdin === null || !stdin.writable) return false;
    if (stdin.writableLength > WAITING_BYTES_MAX) return false;
    if (!this.#corked) {
      // Lines of one turn of the event loop leave in one system call.
      this.#corked = true;
      stdin.cork();
      process.nextTick(() => {
        this.#corked = false;
        stdin.uncork();
      });
    }
    stdin.write(pipeLine(line));
    return true;
  }

  /** Somebody waits for it from now on: what it says is read at once, for it may wait until that is so. */
  readOn(): void {
    this.#process.stdout?.resume();
    this.#process.stderr?.resume();
  }

  /** Closes its input, then asks, then insists. Resolves when it has ended. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#process.stdin?.end();
    if (await this.#endsWithin(END_OF_INPUT_MS)) return;
    this.#signal('SIGTERM');
    if (await this.#endsWithin(TERM_MS)) return;
    this.#signal('SIGKILL');
    await this.#exited;
  }

  /** Resolves when it is gone and nothing is left of what it started. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Ends it at once, with everything it started. */
  kill(): void {
    this.#signal('SIGKILL');
  }

  /** Reads no faster than is allowed what it says without being asked; then its pipe fills, and it waits. */
  #read(pipe: Readable, lines: LineReader, { pace, isAsked }: ChildEvents): void {
    pipe.on('data', (chunk: Buffer) => {
      this.#wasAwaited = false;
      const began = performance.now();
      lines.push(chunk);
      if (this.#wasAwaited || this.#isLast) return;
      const piece = { bytes: chunk.length, ms: performance.now() - began };
      const restMs = pace.restAfter(piece, isAsked() ? SHARE_ASKED : SHARE_UNASKED);
      if (restMs === 0) return;
      pipe.pause();
      setTimeout(() => pipe.resume(), restMs).unref();
    });
  }

  /** What it said before it ended, while its reader rested. What it started may hold the pipes open, and say more. */
  async #lastLines(): Promise<void> {
    const { stdout, stderr } = this.#process;
    const resting = [stdout, stderr].filter((pipe) => pipe?.isPaused() === true && !pipe.readableEnded);
    if (resting.length === 0) return;
    this.#isLast = true;
    const read = Promise.all(resting.map((pipe) => new Promise((resolve) => pipe?.once('end', resolve).resume())));
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, LAST_LINES_MS);
    await Promise.race([read, late.promise]);
    clearTimeout(timer);
    this.#isLast = false;
  }

  /** Of no use as it is. Mostly it is about to end, and how it did says more. */
  #endSoon(why: string, onGone: (why: string) => void): void {
    setTimeout(() => this.#isEnding || this.#end(why, onGone), EXIT_MS_MAX).unref();
  }

  #end(why: string, onGone: (why: string) => void): void {
    if (this.#gone !== undefined) return;
    this.#gone = why;
    onGone(why);
    void this.#endAll();
  }

  /** What it started must not outlive it; neither must itself, where it only closed its input. */
  async #endAll(): Promise<void> {
    const until = performance.now() + TERM_MS;
    this.#signal('SIGTERM');
    while (this.#signal(0) && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, GONE_LOOK_MS));
    }
    this.#signal('SIGKILL');
    // Who left its process group is out of reach, but is not listened to.
    this.#process.stdout?.destroy();
    this.#process.stderr?.destroy();
    this.#over.resolve();
  }

  /** False where nobody is left to hear it. */
  #signal(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#process;
    if (pid === undefined) return false;
    try {
      return process.platform === 'win32' ? this.#process.kill(signal) : process.kill(-pid, signal);
    } catch {
      return false;
    }
  }

  async #endsWithin(ms: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), ms);
    void this.#exited.then(() => resolve(true));
    const ended = await promise;
    clearTimeout(timer);
    return ended;
  }
}

export type ChildCommand = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
};

export type ChildEvents = {
  /** True where somebody waited for it. */
  readonly onLine: (line: string) => boolean;
  /** A line longer than the bound: its first and last bytes. */
  readonly onLongLine: (head: string, tail: string) => void;
  /** Once, when it ended or never started; `why` is a phrase. */
  readonly onGone: (why: string) => void;
  readonly log: (line: string) => void;
  readonly lineBytesMax: number;
  readonly pace: Pace;
  /** Whether a request of ours awaits its answer. */
  readonly isAsked: () => boolean;
};

const STDERR_LINES = 20;
const STDERR_LINE_BYTES_MAX = 16 * 1024;
const END_OF_INPUT_MS = 2_000;
const TERM_MS = 3_000;
const GONE_LOOK_MS = 20;
const LAST_LINES_MS = 500;
const EXIT_MS_MAX = 500;
const WAITING_BYTES_MAX = 16 * 1024 * 1024;
