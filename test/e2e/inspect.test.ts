import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bin,
  ended,
  fixture,
  type Running,
  startFixture,
  startGateway,
  type TestGateway,
  temporaryFolder,
  until,
} from '../support/processes.ts';
import { LegacySession, modernCall } from '../support/wire.ts';

/** What a policy does to results, through the real listener. */
const folder = temporaryFolder('inspect');
const policy = {
  version: '1',
  default: 'deny',
  tools: {
    echo: {
      inspect: {
        redact: [{ pattern: 'emails' }, { pattern: { regex: 'sk-[0-9]+' } }],
        strip: ['invisible', 'terminal'],
        max_bytes: 2_000,
        deny_if: [
          {
            conditions: [{ path: 'result.content[*].text', op: 'contains', value: 'top secret' }],
            on_deny: 'secrets stay inside',
          },
        ],
      },
    },
    get_me: {},
    progress: { inspect: { redact: [{ path: 'result.content[0].text' }, { pattern: { regex: '^work' } }] } },
    ask: { inspect: { max_bytes: 60 } },
  },
};
let upstream: Running & { url: string };
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await startFixture();
  gateway = await startGateway({ folder: folder.path, policy, server: { url: upstream.url } });
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
  folder.remove();
});

describe.each(['legacy', 'modern'] as const)('%s', (era) => {
  const call = async (name: string, args: object = {}) => {
    if (era === 'modern') return (await modernCall(gateway.url, gateway.token, name, args)).messages.at(-1).result;
    const session = await LegacySession.open(gateway.url, gateway.token);
    return (await session.call(name, args)).messages.at(-1).result;
  };

  test('redacts and strips, and leaves the rest as it came', async () => {
    const result = await call('echo', {
      text: 'write to a.b@example.com with sk-12345, \u001b[31mred\u001b[0m and a\u200bb',
    });
    expect(result.content[0].text).toBe('write to [redacted] with [redacted], red and ab');
    expect(result.unknownField).toEqual({ kept: true });
  });

  test('withholds what a condition denies, and says that the call ran', async () => {
    const result = await call('echo', { text: 'this is top secret' });
    expect(result.isError).toBe(true);
    expect(result.content[0].text).toMatch(/withheld: the call ran.*secrets stay inside/);
    expect(JSON.stringify(result)).not.toContain('top secret');
  });

  test('withholds what is too large, and never cuts it', async () => {
    const result = await call('echo', { text: 'x'.repeat(3_000) });
    expect(result._meta['sallyport/outcome'].outcome).toBe('withheld');
  });

  test('judges a streamed reply whole, after the messages before it', async () => {
    expect((await call('progress')).content[0].text).toBe('[redacted]');
  });

  test('redacts in the messages before the answer too', async () => {
    const said =
      era === 'modern'
        ? await modernCall(gateway.url, gateway.token, 'progress')
        : await (await LegacySession.open(gateway.url, gateway.token)).call('progress');
    expect(said.messages).toHaveLength(5);
    expect(said.messages[3].params).toEqual({ level: 'info', data: '[redacted]ing' });
  });
});

test('a question that must not reach the client is answered for it, so that nobody waits', async () => {
  const session = await LegacySession.open(gateway.url, gateway.token, '2025-11-25', { elicitation: {} });
  const said = await session.call('ask');
  expect(said.text).not.toContain('sure?');
  expect(said.messages.at(-1).result._meta['sallyport/outcome'].outcome).toBe('withheld');
});

describe('a server over stdio, which does not say what its messages are about', () => {
  const stdio = temporaryFolder('inspect-stdio');
  let one: TestGateway;
  beforeAll(async () => {
    one = await startGateway({
      folder: stdio.path,
      policy: {
        ...policy,
        tools: { ...policy.tools, slow: {}, flood: { inspect: { redact: [{ pattern: 'emails' }] } } },
      },
      server: { command: process.execPath, args: [fixture] },
      config: { bounds: { unread: 64 * 1024 * 1024 } },
    });
  });
  afterAll(async () => {
    await one.stop();
    stdio.remove();
  });

  test('redacts what one call says on the stream of another', async () => {
    const session = await LegacySession.open(one.url, one.token);
    const speaking = session.call('progress', { company: true });
    await until('the call', async () =>
      (await fetch(`${one.admin}/metrics`)).text().then((text) => /open_intents 1\b/.test(text) || undefined),
    );
    const said = await Promise.all([speaking, session.call('slow', { ms: 300 })]);
    const messages = said.flatMap((each) => each.messages).filter(({ method }) => method === 'notifications/message');
    expect(messages.map(({ params }) => params.data)).toEqual(['[redacted]ing']);
  });

  test('is looked at for four MiB a call, and what it says beyond does not go on', async () => {
    const session = await LegacySession.open(one.url, one.token);
    const said = await session.call('flood', { method: 'notifications/message', times: 100 });
    // Of 64 KiB and some more each.
    expect(said.messages).toHaveLength(63 + 1);
    expect(said.messages.at(-1).result.content[0].text).toBe('flooded');
  });
});

test('the trail says what was withheld, and nothing of what it was', async () => {
  const { out } = await ended([bin, 'audit', 'export', '--json', '--data', join(folder.path, 'data')]);
  expect(out).toContain('"outcome":"withheld"');
  expect(out).not.toContain('top secret');
});
