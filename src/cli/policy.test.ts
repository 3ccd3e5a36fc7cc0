import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-policy-'));
  const write = (name: string, text: string | Buffer): void => writeFileSync(join(folder, name), text);
  write('prior.json', '{"version":"1","default":"deny","hide":["binance_futures_cancel_order"]}');
  write(
    'desk.yaml',
    'version: "1"\ndefault: deny\ntools:\n  get_me: {}\n  pay: { limits: [{ counter: c, max: 1, window: day, amount: args.a }] }\n',
  );
  write('next.yaml', 'version: "1"\ndefault: deny\ntools:\n  get_me: { action: deny }\n');
  write('bad.yaml', 'version: "1"\ndefault: deny\ntools:\n  get_me: { acton: deny }\n  pay:\n');
  write('desk.test.yaml', 'policy: desk.yaml\ncases:\n  - { name: open, call: { tool: get_me }, expect: permit }\n');
  write('watching.yaml', 'version: "1"\ndefault: deny\ntools:\n  get_me: { action: deny, shadow: true }\n');
  write('fails.test.yaml', 'policy: next.yaml\ncases:\n  - { name: shut, call: { tool: get_me }, expect: permit }\n');
  write('call.json', '{"tool": "pay", "arguments": {"a": 1.000000000000000001}}');
  write(
    'random.yaml',
    Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => (Math.imul(i, 2_654_435_761) >>> 13) % 256)),
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const command = fileURLToPath(new URL('./policy.ts', import.meta.url));
const program = `
  const { policyCommand } = await import(${JSON.stringify(command)});
  async function* recorded({ since, caller }) {
    if (since > Date.now() - 3_600_000 || caller !== undefined) return;
    const call = { at: since, server: 's', tool: 'get_me', caller: { id: 'c' }, session: { id: 's' }, arguments: {}, verdict: 'permit', rule: '/tools/get_me' };
    yield { ...call, record: '1' };
  }
  await policyCommand(recorded).parseAsync(process.argv.slice(1), { from: 'user' });
`;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function policy(...argv: string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, ...argv], { cwd: folder });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out, err };
}

describe('policy check', () => {
  it('takes the prior art’s document and warns that nothing is listed', async () => {
    const { code, out } = await policy('check', 'prior.json');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^prior\.json:1:16: warning: nothing is listed, so `default: deny` refuses every call; .+\nprior\.json: ok\n$/,
    );
  });

  it('prints every error of every file and ends with 1', async () => {
    const { code, out, err } = await policy('check', 'bad.yaml', 'desk.yaml');
    expect([code, err]).toEqual([1, '']);
    expect(out).toBe(
      'bad.yaml:4:13: unknown key `acton`; did you mean `action`?\nbad.yaml:5:3: nothing is written here; write {} to allow\ndesk.yaml: ok\n2 errors, 0 warnings\n',
    );
  });

  it('says that there may be more where a file has very many', async () => {
    const tools = Array.from({ length: 150 }, (_, i) => `  t${i}: {acton: deny}`);
    writeFileSync(join(folder, 'many.yaml'), ['version: "1"', 'default: deny', 'tools:', ...tools].join('\n'));
    const { out } = await policy('check', 'many.yaml');
    expect(out).toMatch(/^many\.yaml: no more than 100 errors are said at once; mend these to see the rest$/m);
    expect((await policy('check', 'bad.yaml')).out).not.toContain('at once');
  });

  it('gives the same as JSON', async () => {
    const { code, out } = await policy('check', 'bad.yaml', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      version: 1,
      ok: false,
      files: [{ file: 'bad.yaml', errors: [{ line: 4, column: 13 }, { line: 5 }], warnings: [] }],
    });
  });

  it('answers a file that cannot be read with 2, and one that is no text with its error', async () => {
    expect(await policy('check', 'nothing.yaml')).toEqual({
      code: 2,
      out: '',
      err: 'cannot read `nothing.yaml`: no such file\n',
    });
    expect(await policy('check', '.')).toEqual({ code: 2, out: '', err: '`.` is a folder; name a file\n' });
    const random = await policy('check', 'random.yaml');
    expect(random.code).toBe(1);
    expect(random.out).toContain('random.yaml:1:1: not a UTF-8 text file; save it as UTF-8\n');
  });
});

describe('policy explain', () => {
  it('ends with 0 whatever the verdict, numbers as they were written', async () => {
    const { code, out } = await policy('explain', 'desk.yaml', 'call.json', '--json');
    expect(code).toBe(0);
    expect(out).toContain('"note": "counts 1.000000000000000001 in any day"');
    expect(JSON.parse(out)).toMatchObject({
      verdict: 'refuse',
      rule: '/tools/pay/limits/0',
      reason: 'the limit of 1 in any day is reached',
    });
    expect(Object.keys(JSON.parse(out) as object)).toEqual(['verdict', 'rule', 'reason', 'trail']);
  });

  it('ends with 2 where a file is missing or the policy has errors', async () => {
    expect((await policy('explain', 'desk.yaml', 'no.json')).code).toBe(2);
    const bad = await policy('explain', 'bad.yaml', 'call.json');
    expect([bad.code, bad.out]).toEqual([2, '']);
    expect(bad.err).toContain('bad.yaml:4:13: unknown key');
  });
});

describe('policy test', () => {
  it('runs what it finds and ends with 1 where a case fails', async () => {
    expect(await policy('test', 'desk.yaml')).toMatchObject({ code: 0 });
    const all = await policy('test', '--tap', '--junit', 'report.xml');
    expect(all.code).toBe(1);
    expect(all.out).toContain('TAP version 14\n1..2\nok 1 - desk.test.yaml: open\nnot ok 2 - fails.test.yaml: shut\n');
    expect(readFileSync(join(folder, 'report.xml'), 'utf8')).toContain(
      '<testsuites name="policy" tests="2" failures="1" errors="0">',
    );
  });

  it('ends with 2 where there is nothing to run', async () => {
    expect(await policy('test', 'next.json')).toMatchObject({ code: 2 });
    expect(await policy('test', 'prior.json')).toMatchObject({
      code: 2,
      err: 'no test file found; a test file is named `*.test.yaml`\n',
    });
  });
});

describe('policy diff and replay', () => {
  it('say what changes', async () => {
    const { code, out } = await policy('diff', 'desk.yaml', 'next.yaml');
    expect(code).toBe(0);
    expect(out).toBe('get_me: allowed → denied\npay: allowed → not listed\n');
  });

  it('end with 1 where a decision flips', async () => {
    const flips = await policy('replay', '--since', '7d', 'next.yaml');
    expect(flips.code).toBe(1);
    expect(flips.out).toMatch(
      /^flip 1 .+Z c s\/get_me: permit \/tools\/get_me → refuse \/tools\/get_me\/action: this tool is denied\n1 call: 0 the same, 1 flip, 0 undecidable\n$/,
    );
    expect(await policy('replay', '--since', '7d', 'desk.yaml')).toMatchObject({
      code: 0,
      out: '1 call: 1 the same, 0 flips, 0 undecidable\n',
    });
    const watching = await policy('replay', '--since', '7d', 'watching.yaml');
    expect(watching.code).toBe(0);
    expect(watching.out).toMatch(
      /^in shadow 1 .+ permit \/tools\/get_me → refuse \/tools\/get_me\/action: this tool is denied\n1 call: 1 the same, 0 flips, 0 undecidable\nrules in shadow say something else of 1 call\n$/,
    );
    expect(await policy('replay', '--since', 'monday', 'desk.yaml')).toMatchObject({ code: 2 });
  });
});
