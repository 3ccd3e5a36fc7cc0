import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixture, startGateway, type TestGateway, temporaryFolder, until } from '../support/processes.ts';
import { LegacySession, modernHeaders, modernMeta, post } from '../support/wire.ts';

/** Pages in a browser: what a listed origin may do, and that no other may. */

const folder = temporaryFolder('browsers');
const listed = 'https://app.example.com';
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    folder: folder.path,
    policy: { version: '1', default: 'allow' },
    server: { command: 'node', args: [fixture] },
    config: { origins: [listed, 'http://localhost:5173'] },
  });
});
afterAll(async () => {
  await gateway.stop();
  folder.remove();
});

function preflight(origin: string, method = 'POST', headers = 'authorization,content-type'): Promise<Response> {
  return fetch(gateway.url, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': headers },
  });
}

const corsOf = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith('access-control-'));

describe('a listed origin', () => {
  test('is told before it calls what it may send, without a token', async () => {
    for (const origin of [listed, 'http://localhost:5173']) {
      const answer = await preflight(origin, 'DELETE', 'Authorization, Mcp-Param-Region, x-other, mcp-param-a b');
      expect([answer.status, await answer.text()]).toEqual([204, '']);
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
      expect(answer.headers.get('vary')).toBe('Origin, Access-Control-Request-Headers');
      expect(answer.headers.get('access-control-allow-methods')?.split(', ')).toEqual(['POST', 'GET', 'DELETE']);
      expect(answer.headers.get('access-control-allow-headers')?.split(', ')).toEqual([
        'authorization',
        'content-type',
        'accept',
        'last-event-id',
        'mcp-session-id',
        'mcp-protocol-version',
        'mcp-method',
        'mcp-name',
        'traceparent',
        'mcp-param-region',
      ]);
    }
  });

  test('reads answers, streams and refusals, and the headers it needs of them', async () => {
    const origin = { origin: listed };
    const refused = await post(gateway.url, '{}', origin);
    const session = await LegacySession.open(gateway.url, gateway.token);
    const answer = await post(session.url, '{"jsonrpc":"2.0","id":1,"method":"ping"}', {
      ...session.headers,
      ...origin,
    });
    const body = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list', params: modernMeta() });
    const modern = await post(gateway.url, body, { ...modernHeaders(gateway.token, 'tools/list'), ...origin });
    const stream = await fetch(session.url, {
      headers: { ...session.headers, ...origin, accept: 'text/event-stream' },
    });
    const ended = await fetch(session.url, { method: 'DELETE', headers: { ...session.headers, ...origin } });
    await stream.body?.cancel();
    const all = [refused, answer, modern, stream, ended];
    expect(all.map(({ status }) => status)).toEqual([401, 200, 200, 200, 204]);
    for (const { headers } of all) {
      expect(headers.get('access-control-allow-origin')).toBe(listed);
      expect(headers.get('vary')).toBe('Origin');
      expect(headers.get('access-control-expose-headers')).toContain('mcp-session-id, www-authenticate');
    }
  });

  test('is let in under its own name only: no wildcard, no path, no port its scheme has anyway', async () => {
    const wrong = [
      '*',
      'null',
      'app.example.com',
      'https://app.example.com/x',
      'https://app.example.com:443',
      'https://a.b/',
    ];
    const { loadConfig } = await import('../../src/platform/config/load.ts');
    const { writeFileSync } = await import('node:fs');
    const file = join(folder.path, 'origins.yaml');
    const origins = [...wrong, 'https://A.example', 'chrome-extension://abcdef', 'http://[::1]:80801'];
    writeFileSync(file, JSON.stringify({ version: '1', origins }));
    const loaded = loadConfig({ file, flags: {}, env: {} });
    const errors = loaded.kind === 'invalid' ? loaded.errors : [];
    expect(errors.map(({ message }) => /`(.*)`/.exec(message)?.[1])).toEqual([...wrong, 'http://[::1]:80801']);
    expect(errors.map(({ hint }) => hint).slice(3, 6)).toEqual([
      'write scheme://host, for example https://app.example.com',
      'write https://app.example.com',
      'write https://a.b',
    ]);
  });
});

describe('an origin that is not listed', () => {
  test.each(['https://evil.example', 'https://app.example.com.evil.example', 'http://app.example.com', 'null'])(
    '%s: 403, and nothing a browser would let it read',
    async (origin) => {
      const asked = await preflight(origin);
      const called = await post(gateway.url, '{}', { authorization: `Bearer ${gateway.token}`, origin });
      expect([asked.status, called.status]).toEqual([403, 403]);
      expect([...corsOf(asked.headers), ...corsOf(called.headers)]).toEqual([]);
    },
  );

  test('another page of this machine reads nothing either', async () => {
    const asked = await preflight('http://localhost:9999');
    const called = await post(gateway.url, '{}', { origin: 'http://localhost:9999' });
    expect([asked.status, called.status]).toEqual([401, 401]);
    expect([...corsOf(asked.headers), ...corsOf(called.headers)]).toEqual([]);
  });

  test('no origin at all: no word of any', async () => {
    const called = await post(gateway.url, '{}');
    expect([called.headers.get('vary'), ...corsOf(called.headers)]).toEqual([null]);
  });
});

test('headers of more than 16 KiB: 431', async () => {
  const { port } = new URL(gateway.url);
  const socket = connect(Number(port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  socket.on('error', () => {});
  socket.write(`POST /mcp/up HTTP/1.1\r\nhost: localhost\r\nx-long: ${'x'.repeat(17 * 1024)}\r\n\r\n`);
  await until('the answer', () => answer.startsWith('HTTP/1.1 '));
  expect(answer).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/);
  socket.destroy();
});

test.each(['gzip, chunked', 'deflate, chunked'])('a body in the transfer encoding `%s`: 415', async (encoding) => {
  const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  socket.on('error', () => {});
  const head = [
    'POST /mcp/up HTTP/1.1',
    'host: localhost',
    `authorization: Bearer ${gateway.token}`,
    'content-type: application/json',
    `transfer-encoding: ${encoding}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
  await until('the answer', () => answer.includes('encoding of the body'));
  expect(answer).toMatch(/^HTTP\/1\.1 415 /);
  socket.destroy();
});
