import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { openPipe, type Pipe } from './last-words.ts';

async function ask(lines: readonly object[], waitMsMax?: number): Promise<{ pipe: Pipe; ended: () => boolean }> {
  const input = new PassThrough();
  const pipe = openPipe(input, new PassThrough(), waitMsMax);
  let ended = false;
  const done = pipe.ended.then(() => {
    ended = true;
  });
  await pipe.transport.start();
  input.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 50))]);
  return { pipe, ended: () => ended };
}

const call = (id: number) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: {} }) as const;

it('ends with the last answer, whether it is a result or an error', async () => {
  const { pipe, ended } = await ask([call(1), call(2)]);
  expect(ended()).toBe(false);
  await pipe.transport.send({ jsonrpc: '2.0', id: 2, result: {} });
  await new Promise(setImmediate);
  expect(ended()).toBe(false);
  await pipe.transport.send({ jsonrpc: '2.0', id: 1, error: { code: -1, message: 'no' } });
  await pipe.ended;
});

it.each([
  ['nothing', []],
  ['a notification', [{ jsonrpc: '2.0', method: 'notifications/initialized' }]],
  [
    'a call that was taken back',
    [call(1), { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }],
  ],
  ['a subscription', [{ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params: {} }]],
])('waits for no answer to %s', async (_what, lines) => {
  const { pipe } = await ask(lines);
  await pipe.ended;
});

it('waits for no answer for ever', async () => {
  const { pipe } = await ask([call(1)], 20);
  await pipe.ended;
});
