/** `npm run exchange -- --port N [--data DIR] [--seed N] [--json]`: the paper exchange on its own. */

import { enableCompileCache } from 'node:module';
import { parseArgs } from 'node:util';

// Before the rest is loaded: from the second start on, nothing has to be compiled again.
enableCompileCache();
const { startExchange } = await import('./index.ts');

const USAGE = 'usage: npm run exchange -- [--port N] [--data DIR] [--seed N] [--json]';

async function main(): Promise<void> {
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const options = readArguments();
  const { json, ...rest } = options;
  const exchange = await startExchange({ ...rest, log: (line) => process.stderr.write(`${line}\n`) });
  const { url, key, secret } = exchange;
  if (json) process.stdout.write(`${JSON.stringify({ url, key, secret })}\n`);
  else
    process.stdout.write(
      `paper exchange: no real money, no real orders\n  url     ${url}\n  key     ${key}\n  secret  ${secret}\n  control ${url}/paper/v1/state\n`,
    );
  const stop = (): void => {
    exchange.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function readArguments(): { port?: number; data?: string; seed?: number; json: boolean } {
  const values = parseOptions();
  return {
    json: values.json ?? false,
    ...(values.port === undefined ? {} : { port: whole('--port', values.port, 65_535) }),
    ...(values.seed === undefined ? {} : { seed: whole('--seed', values.seed, 2_147_483_647) }),
    ...(values.data === undefined ? {} : { data: values.data }),
  };
}

function parseOptions(): { port?: string; data?: string; seed?: string; json?: boolean } {
  try {
    const options = {
      port: { type: 'string' },
      data: { type: 'string' },
      seed: { type: 'string' },
      json: { type: 'boolean' },
    } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`, { cause: error });
  }
}

function whole(name: string, text: string, most: number): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(number) || number > most)
    throw new Error(`\`${name} ${text}\`: give a whole number from 0 to ${most}\n${USAGE}`);
  return number;
}

function fail(error: unknown): never {
  process.stderr.write(`paper exchange: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

main().catch(fail);
