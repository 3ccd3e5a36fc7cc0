/** `npm run exchange -- --port N [--data DIR] [--seed N] [--json]`: the paper exchange on its own. */

import { enableCompileCache } from 'node:module';
import { parseArgs } from 'node:util';
import { endWithLauncher } from '../launcher.ts';

// Before the rest is loaded: from the second start on, nothing has to be compiled again.
enableCompileCache();
const { startExchange } = await import('./index.ts');
const USAGE = 'usage: npm run exchange -- [--port N] [--data DIR] [--seed N] [--json]';

async function main(): Promise<void> {
  const { help, json, port, seed, data } = readArguments();
  if (help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const exchange = await startExchange({
    ...(port === undefined ? {} : { port: whole('--port', port, 65_535) }),
    ...(seed === undefined ? {} : { seed: whole('--seed', seed, 2_147_483_647) }),
    ...(data === undefined ? {} : { data }),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  const { url, key, secret } = exchange;
  const shown = `  url     ${url}\n  key     ${key}\n  secret  ${secret}\n  control ${url}/paper/v1/state`;
  const said = json ? JSON.stringify({ url, key, secret }) : `paper exchange: no real money, no real orders\n${shown}`;
  process.stdout.write(`${said}\n`);
  const stop = (): void => void exchange.close().then(() => process.exit(0), fail);
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  endWithLauncher('exchange', stop);
}

function readArguments() {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    const help = { ...flag, short: 'h' };
    return parseArgs({ options: { port: text, data: text, seed: text, json: flag, help } }).values;
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`, { cause: error });
  }
}

function whole(name: string, text: string, most: number): number {
  if (/^\d{1,10}$/.test(text) && Number(text) <= most) return Number(text);
  throw new Error(`\`${name} ${text}\`: give a whole number from 0 to ${most}\n${USAGE}`);
}

function fail(error: unknown): never {
  process.stderr.write(`paper exchange: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

main().catch(fail);
