import type { ChildProcess } from 'node:child_process';
import spawn from 'cross-spawn';
import { LineReader } from '../../platform/line-reader.ts';
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

  constructor(
    command: ChildCommand,
    events: {
      onLine: (line: string) => void;
      /** A line longer than the bound: its first and last bytes. */
      onLongLine: (head: string, tail: string) => void;
      /** Once, when it ended or never started; `why` is a phrase. */
      onGone: (why: string) => void;
      log: (line: string) => void;
      lineBytesMax: number;
    },
  ) {
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
      onLine: (bytes) => events.onLine(bytes.toString('utf8')),
      onLongLine: (head, tail) => events.onLongLine(head.toString('latin1'), tail.toString('latin1')),
    });
    stdout?.on('data', (chunk: Buffer) => lines.push(chunk));
    stdout?.on('end', () => lines.end());
    // A pipe that breaks shows in `exit`; without a listener it would end the gateway.
    stdin?.on('error', () => this.#end('its input is closed', events.onGone));
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
      stderr.on('data', (chunk: Buffer) => words.push(chunk));
    }
    this.#exited = new Promise((resolve) => {
      this.#process.once('error', (fault) => {
        this.#end(`it cannot be started: ${fault.message}`, events.onGone);
        resolve();
      });
      this.#process.once('exit', (code, signal) => {
        this.#end(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`, events.onGone);
        resolve();
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

  /** Closes its input, then asks, then insists. Resolves when it has ended. */
  async end(): Promise<void> {
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

const STDERR_LINES = 20;
const STDERR_LINE_BYTES_MAX = 16 * 1024;
const END_OF_INPUT_MS = 2_000;
const TERM_MS = 3_000;
const GONE_LOOK_MS = 20;
const WAITING_BYTES_MAX = 16 * 1024 * 1024;
