import { expect, onTestFinished, test } from 'vitest';
import { bounds, nothing, unread } from '../../../test/support/upstream.ts';
import { ChildConnection } from './child-connection.ts';

/** What becomes of a call to a server that writes what `says` makes of its answer; and what the log says. */
async function called(says: string) {
  const source = `
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method } = JSON.parse(line);
      if (id === undefined) return;
      const answer = JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } });
      ${says}
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
  const call = { id: 'c', handle: {}, method: 'tools/call', params: undefined, rest: '"method":"tools/call"}' };
  return { reply: await connection.send({ ...call, onMessage: nothing }, nothing), said };
}

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
