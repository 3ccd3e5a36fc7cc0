import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Running, startFixture, startGateway, type TestGateway, temporaryFolder } from '../support/processes.ts';
import { LegacySession, modernHeaders, modernMeta, post } from '../support/wire.ts';

/** A prompt or resource that is hidden and one that the server does not have are the same answer but for the name. */
const folder = temporaryFolder('absent');
const hiding = {
  version: '1',
  default: 'allow',
  prompts: { hide: ['hidden*'] },
  resources: { hide: ['file:///hidden*'] },
};
let upstream: Running & { url: string };
beforeAll(async () => {
  upstream = await startFixture();
});
afterAll(async () => {
  await upstream.stop();
  folder.remove();
});

type Ask = (method: string, params: object) => Promise<{ status: number; text: string; messages: any[] }>;

async function asks(gateway: TestGateway): Promise<Record<'legacy' | 'modern', Ask>> {
  const session = await LegacySession.open(gateway.url, gateway.token);
  return {
    legacy: (method, params) => session.send(method, params, 7),
    modern: (method, params: any) => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 7, method, params: { ...params, ...modernMeta() } });
      return post(gateway.url, body, modernHeaders(gateway.token, method, params.name ?? params.uri));
    },
  };
}

describe('where the policy hides something', () => {
  let gateway: TestGateway;
  let ask: Record<'legacy' | 'modern', Ask>;
  beforeAll(async () => {
    gateway = await startGateway({ folder: `${folder.path}/hiding`, policy: hiding, server: { url: upstream.url } });
    ask = await asks(gateway);
  });
  afterAll(async () => void (await gateway.stop()));

  const naming = {
    'prompts/get': (name: string) => ({ name }),
    'resources/read': (name: string) => ({ uri: `file:///${name}` }),
    'resources/subscribe': (name: string) => ({ uri: `file:///${name}` }),
    'completion/complete': (name: string) => ({
      ref: { type: 'ref/prompt', name },
      argument: { name: 'x', value: '' },
    }),
  };
  test.each([
    ['legacy', 'prompts/get'],
    ['legacy', 'resources/read'],
    ['legacy', 'resources/subscribe'],
    ['legacy', 'completion/complete'],
    ['modern', 'prompts/get'],
    ['modern', 'resources/read'],
    ['modern', 'completion/complete'],
  ] as const)('%s %s', async (era, method) => {
    const hidden = await ask[era](method, naming[method]('hidden1'));
    const absent = await ask[era](method, naming[method]('absent1'));
    expect(absent.messages[0].error.message).not.toContain('here');
    expect(absent.text.replace('absent1', 'hidden1')).toBe(hidden.text);
    expect(absent.status).toBe(hidden.status);
  });

  test('an error about what the server lists is its own', async () => {
    const argument = await ask.legacy('prompts/get', { name: 'greet', arguments: { bad: 'yes' } });
    expect(argument.messages[0].error).toEqual({ code: -32602, message: 'bad is bad' });
    const failing = await ask.legacy('resources/read', { uri: 'file:///a/failing' });
    expect(failing.messages[0].error).toEqual({ code: -32603, message: 'the disk is on fire' });
  });
});

test('where nothing can be hidden, an error that is no not-found passes as the server wrote it', async () => {
  const policy = { version: '1', default: 'allow' };
  const gateway = await startGateway({ folder: `${folder.path}/open`, policy, server: { url: upstream.url } });
  const { legacy } = await asks(gateway);
  const read = await legacy('resources/read', { uri: 'file:///absent1' });
  expect(read.messages[0].error).toEqual({ code: 0, message: 'ENOENT: no such file' });
  const got = await legacy('prompts/get', { name: 'absent1' });
  expect(got.messages[0].error).toEqual({ code: -32602, message: 'Unknown prompt: absent1' });
  await gateway.stop();
});
