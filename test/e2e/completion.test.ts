import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, startFixture, startGateway, type TestGateway, temporaryFolder } from '../support/processes.ts';
import { LegacySession } from '../support/wire.ts';

/** Completion follows the policy's prompts and resources, whatever the reference says besides. */
const folder = temporaryFolder('completion');
const policy = { version: '1', default: 'deny', prompts: { allow: ['greet'] }, resources: { allow: ['file:///a'] } };
let upstream: Running & { url: string };
let gateway: TestGateway;
let session: LegacySession;
beforeAll(async () => {
  upstream = await startFixture();
  gateway = await startGateway({ folder: folder.path, policy, server: { url: upstream.url } });
  session = await LegacySession.open(gateway.url, gateway.token);
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
  folder.remove();
});

const complete = async (ref: object) =>
  (await session.send('completion/complete', { ref, argument: { name: 'x', value: '' } })).messages[0];

test.each([
  { type: 'ref/prompt', name: 'greet' },
  { type: 'ref/resource', uri: 'file:///a' },
])('%j is completed', async (ref) => {
  expect((await complete(ref)).result.completion.values).toEqual(['one']);
});

test.each([
  { type: 'ref/prompt', name: 'secret' },
  { type: 'ref/resource', uri: 'file:///b' },
  { type: 'ref/resource', uri: 'file:///b', name: 'greet' },
  { type: 'ref/prompt', name: 'secret', uri: 'file:///a' },
  { type: 'ref/resource', name: 'greet' },
  { type: 'ref/other', name: 'greet' },
  { name: 'greet' },
  { type: 'ref/prompt', name: 'greet', Name: 'secret' },
])('%j is not', async (ref) => {
  expect((await complete(ref)).error).toBeDefined();
});

test('a second reference in another case is refused', async () => {
  const params = {
    ref: { type: 'ref/prompt', name: 'greet' },
    Ref: { type: 'ref/prompt', name: 'secret' },
    argument: { name: 'x', value: '' },
  };
  expect((await session.send('completion/complete', params)).messages[0].error.code).toBe(-32602);
});
