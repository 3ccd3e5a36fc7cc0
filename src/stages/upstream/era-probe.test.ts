import { expect, onTestFinished, test } from 'vitest';
import { bounds, endpointTo, nothing, unread } from '../../../test/support/upstream.ts';
import { Children } from './children.ts';
import { EraProbe, type Way } from './era-probe.ts';

/** A server over HTTP that answers with what `answer` says at the moment; how often it was asked. */
async function httpServer(answer: () => { status: number; body: string }): Promise<{ way: Way; asked: () => number }> {
  let asked = 0;
  const endpoint = await endpointTo((request, response) => {
    request.resume();
    asked++;
    const { status, body } = answer();
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  return { way: { kind: 'http', endpoint }, asked: () => asked };
}

function child(source: string): Way {
  const command = { command: process.execPath, args: ['-e', source], env: {}, cwd: process.cwd() };
  const children = new Children({ command, log: unread, childrenMax: 16, ...bounds });
  onTestFinished(() => children.close());
  return { kind: 'child', children };
}

const speaks = '{"jsonrpc":"2.0","id":"sallyport:discover","result":{"supportedVersions":["2026-07-28"]}}';

test('a server that answers is asked once', async () => {
  const { way, asked } = await httpServer(() => ({ status: 200, body: speaks }));
  const probe = new EraProbe({ way, silenceMsMax: 60_000, log: unread });
  expect(await Promise.all([probe.modern(), probe.modern()])).toStrictEqual([{ kind: 'speaks' }, { kind: 'speaks' }]);
  expect(await probe.modern()).toStrictEqual({ kind: 'speaks' });
  expect(asked()).toBe(1);
});

test('a server that refuses the revision and names it among its own speaks it', async () => {
  const error = { code: -32022, message: 'no', data: { supported: ['2025-11-25', '2026-07-28'] } };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 'sallyport:discover', error });
  const { way } = await httpServer(() => ({ status: 400, body }));
  expect(await new EraProbe({ way, silenceMsMax: 60_000, log: unread }).modern()).toStrictEqual({ kind: 'speaks' });
});

test('a server that does not know the question speaks the older revisions, those it names where it names some', async () => {
  const unknown = '{"jsonrpc":"2.0","id":"sallyport:discover","error":{"code":-32601,"message":"Method not found"}}';
  const older = await httpServer(() => ({ status: 200, body: unknown }));
  expect(await new EraProbe({ way: older.way, silenceMsMax: 60_000, log: unread }).modern()).toMatchObject({
    kind: 'not-opened',
    supported: ['2025-06-18', '2025-11-25'],
  });
  const named =
    '{"jsonrpc":"2.0","id":"sallyport:discover","error":{"code":-32022,"message":"no","data":{"supported":["2025-11-25"]}}}';
  const naming = await httpServer(() => ({ status: 400, body: named }));
  expect(await new EraProbe({ way: naming.way, silenceMsMax: 60_000, log: unread }).modern()).toMatchObject({
    kind: 'not-opened',
    supported: ['2025-11-25'],
  });
});

test('a server that is down says nothing of its era: it is asked again, not with every caller but at once when it was heard', async () => {
  let up = false;
  const { way, asked } = await httpServer(() => (up ? { status: 200, body: speaks } : { status: 503, body: '' }));
  const probe = new EraProbe({ way, silenceMsMax: 60_000, log: unread });
  const down = await probe.modern();
  expect(down).toMatchObject({ kind: 'not-opened' });
  expect(down).not.toHaveProperty('supported');
  up = true;
  expect(await probe.modern()).toStrictEqual(down);
  expect(asked()).toBe(1);
  probe.isUp();
  expect(await probe.modern()).toStrictEqual({ kind: 'speaks' });
});

test('a child that exits on the question and answers `initialize` speaks the older revisions', async () => {
  const way = child(`
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method } = JSON.parse(line);
      if (method !== 'initialize') process.exit(3);
      const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 's', version: '1' } };
      console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
    });`);
  expect(await new EraProbe({ way, silenceMsMax: 60_000, log: unread }).modern()).toMatchObject({
    kind: 'not-opened',
    supported: ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'],
  });
});

test('a child that cannot run is no evidence', async () => {
  const down = await new EraProbe({ way: child('process.exit(3)'), silenceMsMax: 60_000, log: unread }).modern();
  expect(down).toMatchObject({ kind: 'not-opened' });
  expect(down).not.toHaveProperty('supported');
});

test('the child that answered serves the first who takes it', async () => {
  const way = child(`
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id } = JSON.parse(line);
      console.log(JSON.stringify({ jsonrpc: '2.0', id, result: { supportedVersions: ['2026-07-28'] } }));
    });`);
  const probe = new EraProbe({ way, silenceMsMax: 60_000, log: unread });
  expect(await probe.modern()).toStrictEqual({ kind: 'speaks' });
  const link = {} as Parameters<EraProbe['takeSpare']>[1];
  expect(probe.takeSpare(nothing, link)?.isGone).toBe(false);
  expect(probe.takeSpare(nothing, link)).toBeUndefined();
});
