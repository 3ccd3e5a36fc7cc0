import { type ChildProcess, spawn } from 'node:child_process';
import { LineReader } from '../platform/line-reader.ts';
import { Unavailable } from '../platform/unavailable.ts';

export type ExchangeProcess = {
  readonly url: string;
  readonly key: string;
  readonly secret: string;
  readonly onExit: (told: (why: string) => void) => void;
  readonly stop: () => Promise<void>;
  readonly kill: () => void;
};

/** The one exchange of the demo, in a process of its own; it ends when this one does. */
export async function startExchangeProcess(script: string, log: (line: string) => void): Promise<ExchangeProcess> {
  const child = spawn(process.execPath, [script], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  const { promise, resolve, reject } = Promise.withResolvers<{ url: string; key: string; secret: string }>();
  const lastWords: string[] = [];
  const reader = (onLine: (line: string) => void) =>
    new LineReader({ bytesMax: 65_536, onLine: (line) => onLine(line.toString('utf8')), onLongLine: () => {} });
  const out = reader((line) => resolve(JSON.parse(line) as { url: string; key: string; secret: string }));
  const err = reader((line) => {
    lastWords.push(line);
    if (lastWords.length > 10) lastWords.shift();
    log(line);
  });
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.on('error', () => {});
  child.once('error', (fault) =>
    reject(new Unavailable(`the paper exchange cannot be started: ${fault.message}`, 'run `npm ci`')),
  );
  child.once('exit', (code) => {
    reject(
      new Unavailable(
        `the paper exchange ended with code ${code ?? 'none'}: ${lastWords.join(' | ')}`,
        'run `npm ci`, then try again',
      ),
    );
  });
  const { url, key, secret } = await promise;
  return {
    url,
    key,
    secret,
    onExit: (told) => child.once('exit', (code, signal) => told(signal ?? `code ${code ?? 'none'}`)),
    stop: () => stop(child),
    kill: () => child.kill('SIGKILL'),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await promise;
  clearTimeout(timer);
}
