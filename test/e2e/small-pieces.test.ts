import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { fixture, startGateway, temporaryFolder } from '../support/processes.ts';

const folder = temporaryFolder('small-pieces');
afterAll(() => folder.remove());

test.skipIf(process.platform !== 'linux')('a body in pieces of one byte takes no more memory than others', async () => {
  const policy = { version: '1', default: 'allow' };
  const gateway = await startGateway({ folder: folder.path, policy, server: { command: 'node', args: [fixture] } });
  const { hostname, port, pathname } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  const headers = ['host: localhost', `authorization: Bearer ${gateway.token}`, 'content-type: application/json'];
  socket.write(`POST ${pathname} HTTP/1.1\r\n${headers.join('\r\n')}\r\ntransfer-encoding: chunked\r\n\r\n`);
  const pieces = '1\r\n \r\n'.repeat(20_000);
  for (let n = 0; n < 200; n++) if (!socket.write(pieces)) await once(socket, 'drain');
  const answer = once(socket.setEncoding('utf8'), 'data');
  socket.write('0\r\n\r\n');
  expect((await answer)[0]).toMatch(/^HTTP\/1\.1 400 /);
  const peak = /VmHWM:\s+([0-9]+) kB/.exec(readFileSync(`/proc/${gateway.child.pid}/status`, 'utf8'))?.[1];
  expect(Number(peak)).toBeLessThan(600_000);
  await gateway.stop();
});
