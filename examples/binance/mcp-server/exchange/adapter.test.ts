import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Connector, connect } from './adapter.ts';
import { ExchangeFault, type FaultKind } from './fault.ts';

let server: Server | undefined;
let connector: Connector | undefined;
afterEach(async () => {
  connector?.close();
  server?.closeAllConnections();
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  server = undefined;
});

async function exchangeThat(serve: RequestListener): Promise<string> {
  const made = createServer(serve);
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}

function open(url: string, timeoutMs = 300): Connector {
  connector = connect({
    urls: { spot: url, futures: url, portfolio: undefined },
    key: 'key',
    secret: 'secret',
    timeoutMs,
  });
  return connector;
}

async function faultOf(work: Promise<unknown>): Promise<ExchangeFault> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ExchangeFault) return error;
    throw error;
  }
  throw new Error('no fault');
}

describe('did the exchange do it?', () => {
  it.each<[string, number, string, FaultKind, number | undefined]>([
    ['a 400 with a code: no', 400, '{"code":-2019,"msg":"Margin is insufficient."}', 'refused', -2019],
    ['a 401: no', 401, '{"code":-2015,"msg":"Invalid API-key"}', 'refused', -2015],
    ['a 403 page of a firewall: no', 403, '<html>', 'refused', undefined],
    ['a 404 page: no', 404, 'not found', 'refused', undefined],
    ['a 429: no', 429, '{"code":-1003,"msg":"Too many requests"}', 'rate-limited', -1003],
    ['a 418: no', 418, '{"code":-1003,"msg":"banned"}', 'rate-limited', -1003],
    ['-1006: not known', 400, '{"code":-1006,"msg":"unexpected"}', 'unknown', -1006],
    ['-1007: not known', 408, '{"code":-1007,"msg":"timeout"}', 'unknown', -1007],
    ['a 500: not known', 500, '', 'unknown', undefined],
    ['a 503 with a code, which the connector drops: not known', 503, '{"code":-1008,"msg":"busy"}', 'unknown', -1008],
    ['a 504 page: not known', 504, '<html>', 'unknown', undefined],
    ['a 200 that is no JSON: not known', 200, '<html>', 'unknown', undefined],
    ['a redirect, which is not followed: not known', 302, '', 'unknown', undefined],
  ])('%s', async (_what, status, body, kind, code) => {
    const url = await exchangeThat((_request, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1:1/', 'content-type': 'application/json' });
      response.end(body);
    });
    const fault = await faultOf(open(url).call('futures', 'cancelOrder', { symbol: 'BTCUSDT', orderId: '1' }));
    expect({ kind: fault.kind, code: fault.code, status: fault.status }).toEqual({ kind, code, status });
  });

  it('a dropped connection: not known, and the request is sent once', async () => {
    let times = 0;
    const url = await exchangeThat((request) => {
      times += 1;
      request.socket.destroy();
    });
    expect((await faultOf(open(url).call('futures', 'cancelOrder', { symbol: 'BTCUSDT', orderId: '1' }))).kind).toBe(
      'unknown',
    );
    expect(times).toBe(1);
  });

  it('silence: not known', async () => {
    const url = await exchangeThat(() => undefined);
    expect(
      (await faultOf(open(url, 100).call('futures', 'cancelOrder', { symbol: 'BTCUSDT', orderId: '1' }))).kind,
    ).toBe('unknown');
  });

  it('nobody listening: no, it was not sent', async () => {
    const probe = createSocketServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise<void>((resolve) => probe.close(() => resolve()));
    const fault = await faultOf(
      open(`http://127.0.0.1:${port}`).call('futures', 'cancelOrder', { symbol: 'BTCUSDT', orderId: '1' }),
    );
    expect(fault.kind).toBe('not-sent');
  });

  it('a host without such a name: no, it was not sent', async () => {
    const fault = await faultOf(open('http://no-such-host.invalid', 5_000).call('futures', 'checkServerTime'));
    expect(fault.kind).toBe('not-sent');
  });
});

describe('what the connectors drop is kept', () => {
  it.each([
    ['7', 7_000],
    [undefined, undefined],
    ['soon', undefined],
  ])('Retry-After %s is %s ms', async (value, expected) => {
    const url = await exchangeThat((_request, response) => {
      response.writeHead(429, value === undefined ? {} : { 'retry-after': value });
      response.end('{}');
    });
    expect((await faultOf(open(url).call('futures', 'checkServerTime'))).retryAfterMs).toBe(expected);
  });

  it('tells requests apart that run at the same time', async () => {
    const url = await exchangeThat((request, response) => {
      const symbol = new URL(request.url ?? '/', 'http://x').searchParams.get('symbol');
      setTimeout(
        () => {
          response.writeHead(400);
          response.end(JSON.stringify({ code: -Number(symbol), msg: `no ${symbol}` }));
        },
        symbol === '1001' ? 40 : 0,
      );
    });
    const one = open(url);
    const faults = await Promise.all(
      ['1001', '1002', '1003'].map((symbol) => faultOf(one.call('futures', 'markPrice', { symbol }))),
    );
    expect(faults.map((fault) => fault.message)).toEqual(['no 1001', 'no 1002', 'no 1003']);
  });
});

describe('what is sent', () => {
  it('is every decimal and id as it was given, signed, with no HTTP proxy of the environment', async () => {
    const seen: string[] = [];
    const url = await exchangeThat((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.end('{"orderId":4611875134427365123}');
    });
    process.env['HTTP_PROXY'] = 'http://127.0.0.1:1';
    try {
      const reply = await open(url).call('futures', 'newOrder', {
        symbol: 'BTCUSDT',
        side: 'BUY',
        type: 'LIMIT',
        quantity: '0.10000000000000000001',
        price: '45000.10',
        newClientOrderId: 'a',
        positionSide: undefined,
      });
      expect(reply.body).toEqual({ orderId: 4611875134427365123n });
    } finally {
      delete process.env['HTTP_PROXY'];
    }
    expect(seen[0]).toMatch(
      /^POST \/fapi\/v1\/order\?.*quantity=0\.10000000000000000001&price=45000\.10&.*timestamp=\d+&signature=[0-9a-f]{64}$/,
    );
    expect(seen[0]).not.toContain('positionSide');
  });
});
