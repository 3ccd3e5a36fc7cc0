import { expect, onTestFinished, test } from 'vitest';
import { bounds, nothing, unread } from '../../../test/support/upstream.ts';
import { JsonNumber } from '../../domain/json.ts';
import type { MessageId } from '../../domain/message.ts';
import { ChildConnection } from './child-connection.ts';

/** A connection to a server that does as it is told with each request. */
function open(does: string) {
  const source = `
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method } = JSON.parse(line);
      if (id === undefined) return;
      ${does}
    });`;
  const said: string[] = [];
  const connection = new ChildConnection({
    ...bounds,
    command: { command: process.execPath, args: ['-e', source], cwd: process.cwd(), env: {} },
    era: 'legacy',
    revision: '2025-11-25',
    shared: false,
    standing: nothing,
    onGone: nothing,
    log: { ...unread, dropped: (why) => said.push(why) },
  });
  onTestFinished(() => connection.close());
  const call = { method: 'tools/call', params: undefined, rest: '"method":"tools/call"}', onMessage: nothing };
  return { connection, said, send: (id: MessageId) => connection.send({ ...call, id, handle: {} }, nothing) };
}

/** What becomes of a call to a server that does so with its answer; and what the log says. */
async function called(does: string) {
  const { send, said } = open(
    `const answer = JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } }); ${does}`,
  );
  return { reply: await send('c'), said };
}

test('an answer that is too long is withheld from whom it is for, whatever ids stand within', async () => {
  const { connection, send } = open(`
    if (id === 1) return;
    const result = { structuredContent: [{ id: 1 }], content: [{ type: 'text', text: 'x'.repeat(${bounds.responseBytesMax}) }] };
    console.log(JSON.stringify({ result, jsonrpc: '2.0', id }));`);
  const other = send(new JsonNumber('1'));
  expect(await send(new JsonNumber('5'))).toMatchObject({ kind: 'withheld' });
  expect(connection.inFlight).toBe(1);
  await connection.close();
  expect(await other).toMatchObject({ kind: 'unknown' });
});

const why = 'the answer stands among other text on its line; a line must be one message';

test('an answer behind a prompt is not guessed: the call is unknown soon, and it is said why', async () => {
  const { reply, said } = await called(`process.stdout.write('> ' + answer + '\\n');`);
  expect(reply).toEqual({ kind: 'unknown', why });
  expect(said).toEqual([why]);
});

test('an answer that is shown before it is given is the one that is given', async () => {
  const { reply } = await called(
    `console.log('sending ' + answer); setTimeout(() => console.log(answer.replace('[]', '[1]')), 200);`,
  );
  expect(reply).toMatchObject({ kind: 'replied', text: '{"jsonrpc":"2.0","id":"c","result":{"content":[1]}}' });
});
