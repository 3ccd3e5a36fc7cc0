import { afterAll, afterEach, expect, test } from 'vitest';
import type { Live } from '../../src/stages/session/session-table.ts';
import { type Inside, startInside } from '../support/inside.ts';
import { temporaryFolder } from '../support/processes.ts';
import { LegacySession, modernCall, modernHeaders, modernMeta, post } from '../support/wire.ts';

/** Bounds hold however many ask at once. */
const folder = temporaryFolder('bounds');
const open: Inside[] = [];
let made = 0;
const start = async (options: Omit<Parameters<typeof startInside>[0], 'folder'>) => {
  const inside = await startInside({ folder: `${folder.path}/${++made}`, ...options });
  open.push(inside);
  return inside;
};
afterEach(async () => {
  for (const inside of open.splice(0)) await inside.close();
});
afterAll(() => folder.remove());

const twice = { conditions: [{ path: 'session.calls', op: 'gte', value: 2 }] };

test('a rule on `session.calls` holds for calls that come together, and what is refused is not counted', async () => {
  const policy = { version: '1', default: 'deny', tools: { pay: { deny_if: [twice] } } };
  const { url, token, arrived } = await start({ policy, tools: ['pay', 'other'] });
  const session = await LegacySession.open(url, token);
  await session.call('other');
  const answers = await Promise.all(Array.from({ length: 32 }, () => session.call('pay')));
  expect(answers.filter(({ messages }) => messages[0].result.isError !== true)).toHaveLength(2);
  expect(arrived.filter(({ method }) => method === 'tools/call')).toHaveLength(2);
  const stateless = await Promise.all(Array.from({ length: 32 }, () => modernCall(url, token, 'pay')));
  expect(stateless.filter(({ messages }) => messages[0].result.isError !== true)).toHaveLength(2);
});

test('a call that a limit refuses does not count as one of its session', async () => {
  const policy = {
    version: '1',
    default: 'deny',
    tools: { few: { rate_limit: { max: 1, window: 60 } }, pay: { deny_if: [twice] } },
  };
  const { url, token } = await start({ policy, tools: ['few', 'pay'] });
  const session = await LegacySession.open(url, token);
  const few = await Promise.all(Array.from({ length: 8 }, () => session.call('few')));
  expect(few.filter(({ messages }) => messages[0].result.isError !== true)).toHaveLength(1);
  expect((await session.call('pay')).messages[0].result.isError).toBeUndefined();
  expect((await session.call('pay')).messages[0].result.isError).toBe(true);
});

test('1,024 streams may stand open, those of sessions and of the stateless revision together', async () => {
  const { url, token, serving, answers, arrived } = await start({
    policy: { version: '1', default: 'allow' },
    tools: [],
  });
  answers['subscriptions/listen'] = () => ({ resultType: 'complete' });
  const session = await LegacySession.open(url, token);
  const { gate } = serving.gateway;
  const streams = Array.from({ length: 1_024 }, (_, i) => {
    const live = { session: { id: `s${i}` }, busy: 0 } as Live;
    return gate.attach(
      live,
      () => true,
      () => {},
    );
  });
  const listen = () => {
    const params = { notifications: { toolsListChanged: true }, ...modernMeta() };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params });
    return post(url, body, modernHeaders(token, 'subscriptions/listen'));
  };
  const look = async () => {
    const headers = { ...session.headers, accept: 'text/event-stream' };
    const response = await fetch(url, { headers });
    await response.body?.cancel();
    return response.status;
  };
  expect([(await listen()).status, await look()]).toEqual([503, 503]);
  expect(arrived.map(({ method }) => method)).not.toContain('subscriptions/listen');
  streams.pop()?.();
  expect([(await listen()).status, await look()]).toEqual([200, 200]);
});
