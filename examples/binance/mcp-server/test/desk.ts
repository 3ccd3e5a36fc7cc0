/** A real MCP client on a real server process, over either transport, on a paper exchange of this test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Ajv2020, type AnySchema, type ValidateFunction } from 'ajv/dist/2020.js';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const token = 'test-token-test-token-test-token-0000';

type Era = 'legacy' | 'modern';
type Transport = 'stdio' | 'http';

export interface DeskOptions {
  readonly transport?: Transport;
  readonly era?: Era;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** HTTP: the token to call with. */
  readonly token?: string;
}

export interface Result {
  readonly isError: boolean;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever came
  readonly structured: any;
}

export interface Desk {
  readonly client: Client;
  /** Calls a tool and checks that the structured content fits the schema that the server listed. */
  call(name: string, args?: Record<string, unknown>): Promise<Result>;
  /** As `call`, and fails the test when the tool fails. */
  ok(name: string, args?: Record<string, unknown>): Promise<Result>;
  stderr(): string;
  close(): Promise<void>;
}

export function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', LANG: 'C.UTF-8', ...more };
}

export async function openDesk(options: DeskOptions = {}): Promise<Desk> {
  const client = new Client(
    { name: 'test', version: '1' },
    { capabilities: {}, ...(options.era === 'modern' ? { versionNegotiation: { mode: 'auto' as const } } : {}) },
  );
  let noise = '';
  let child: ChildProcess | undefined;
  if ((options.transport ?? 'stdio') === 'stdio') {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [main, ...(options.args ?? [])],
      env: environment(options.env),
      stderr: 'pipe',
    });
    transport.stderr?.on('data', (chunk: Buffer) => {
      noise += chunk.toString();
    });
    await client.connect(transport);
  } else {
    const started = await startHttp({ args: options.args ?? [], env: { BINANCE_MCP_TOKEN: token, ...options.env } });
    child = started.child;
    const headers = { Authorization: `Bearer ${options.token ?? token}` };
    await client.connect(new StreamableHTTPClientTransport(new URL(started.url), { requestInit: { headers } }));
    noise = started.stderr();
  }
  const validators = await outputValidators(client);
  const call = async (name: string, args: Record<string, unknown> = {}): Promise<Result> => {
    const reply = await client.callTool({ name, arguments: args });
    const [first] = reply.content;
    const validate = validators.get(name);
    if (validate !== undefined && validate(reply.structuredContent) !== true) {
      throw new Error(
        `${name}: structured content does not fit its schema: ${JSON.stringify(validate.errors)} in ${JSON.stringify(reply.structuredContent)}`,
      );
    }
    return {
      isError: reply.isError === true,
      text: first?.type === 'text' ? first.text : '',
      structured: reply.structuredContent,
    };
  };
  return {
    client,
    call,
    ok: async (name, args = {}) => {
      const result = await call(name, args);
      if (result.isError) throw new Error(`${name}(${JSON.stringify(args)}) failed: ${result.text}`);
      return result;
    },
    stderr: () => noise,
    close: async () => {
      await client.close();
      if (child !== undefined) await stop(child);
    },
  };
}

async function outputValidators(client: Client): Promise<Map<string, ValidateFunction>> {
  const ajv = new Ajv2020({ strict: false });
  const { tools } = await client.listTools();
  return new Map(
    tools.flatMap((tool) =>
      tool.outputSchema === undefined ? [] : [[tool.name, ajv.compile(tool.outputSchema as AnySchema)] as const],
    ),
  );
}

export interface HttpProcess {
  readonly child: ChildProcess;
  readonly url: string;
  stderr(): string;
}

/** Starts `main.ts --http 0` and reads its endpoint from stderr. */
export async function startHttp(options: {
  args: readonly string[];
  env: Readonly<Record<string, string>>;
}): Promise<HttpProcess> {
  const child = spawn(process.execPath, [main, '--http', '0', ...options.args], {
    env: environment(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let noise = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      noise += chunk.toString();
      const found = /mode on (http:\S+)/.exec(noise)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${noise}`)));
  });
  return { child, url, stderr: () => noise };
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await ended;
}

/** Runs main.ts to its end, for starts that must fail. */
export async function runToEnd(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [main, ...args], { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}
