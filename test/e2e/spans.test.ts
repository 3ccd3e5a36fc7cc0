import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bin,
  fixture,
  type Running,
  run,
  startFixture,
  startGateway,
  type TestGateway,
  temporaryFolder,
  until,
} from '../support/processes.ts';
import { LegacySession, modernCall, modernHeaders, modernMeta, post } from '../support/wire.ts';

type Attribute = { key: string; value: { stringValue?: string } };
type Sent = {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Attribute[];
  status: { code: number };
};
type Batch = { resource: { attributes: Attribute[] }; scopeSpans: { spans: Sent[] }[] };
type Readiness = { status: string; reasons?: { kind: string; sentence: string }[] };
type Span = Omit<Sent, 'attributes'> & { attributes: Record<string, string | undefined>; stage: string | undefined };

/** A collector: takes OTLP as JSON, as https://opentelemetry.io/docs/specs/otlp/#otlphttp-request says. */
async function startCollector(port = 0) {
  const bodies: string[] = [];
  const types: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      types.push(`${request.method} ${request.url} ${request.headers['content-type']}`);
      bodies.push(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(port, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const batches = () => bodies.flatMap((body) => (JSON.parse(body) as { resourceSpans: Batch[] }).resourceSpans);
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    types,
    text: () => bodies.join('\n'),
    resources: () => batches().map(({ resource }) => flat(resource.attributes)),
    spans: (): Span[] =>
      batches()
        .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
        .map((span) => {
          const attributes = flat(span.attributes);
          return { ...span, attributes, stage: attributes['sallyport.stage'] };
        }),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function flat(attributes: readonly Attribute[]): Record<string, string | undefined> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));
}

const folder = temporaryFolder('spans');
const policy = {
  version: '1',
  default: 'deny',
  hide: ['delete_*'],
  tools: { echo: {}, slow: {}, get_me: { action: 'deny', reason: 'not today' }, create_payment: {} },
};
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';

afterAll(folder.remove);

describe('spans of a call', () => {
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let upstream: Running & { url: string };
  let gateway: TestGateway;
  const journal = join(folder.path, 'journal');

  beforeAll(async () => {
    collector = await startCollector();
    upstream = await startFixture(['--journal', journal]);
    gateway = await startGateway({
      folder: join(folder.path, 'gateway'),
      policy,
      server: { url: upstream.url },
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_BSP_SCHEDULE_DELAY: '50',
        OTEL_SERVICE_NAME: 'desk-gate',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
      },
    });
  });

  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
    await collector.close();
  });

  const spansOf = (id: string) =>
    until(`the spans of ${id}`, () => {
      const whole = collector.spans().find((span) => span.attributes['jsonrpc.request.id'] === id && span.kind === 2);
      return whole && { whole, stages: collector.spans().filter((span) => span.parentSpanId === whole.spanId) };
    });
  const call = (name: string, id: string, headers: Record<string, string> = {}, meta: object = {}) => {
    const params = { name, arguments: { text: 'between us' }, ...modernMeta(meta) };
    const body = { jsonrpc: '2.0', id, method: 'tools/call', params };
    return post(gateway.url, JSON.stringify(body), { ...modernHeaders(gateway.token, 'tools/call', name), ...headers });
  };
  const last = (file: string) => readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '';
  const sentHeaders = () => JSON.parse(last(`${journal}.headers`)) as Record<string, string>;

  test('each stage has one, under that of the call, which goes on from the caller to the server', async () => {
    await call('echo', 'one', { traceparent: `00-${TRACE}-${CALLER}-01` });
    const { whole, stages } = await spansOf('one');
    expect(whole).toMatchObject({ traceId: TRACE, parentSpanId: CALLER, name: 'tools/call echo' });
    expect(whole.attributes).toMatchObject({
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': 'echo',
      'mcp.protocol.version': '2026-07-28',
      'sallyport.server': 'up',
      'sallyport.caller': 'local',
      'sallyport.verdict': 'permit',
      'sallyport.rule': '/tools/echo',
      'sallyport.outcome': 'replied',
    });
    expect(whole.attributes['sallyport.record']).toMatch(/^r\d+$/);
    expect(whole.attributes).not.toHaveProperty('error.type');
    expect(stages.map(({ stage }) => stage)).toEqual([
      'decode',
      'target',
      'policy',
      'limits',
      'upstream',
      'inspect',
      'audit',
    ]);
    for (const span of stages) {
      expect(span.traceId).toBe(TRACE);
      expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
    }
    const sent = stages.find(({ stage }) => stage === 'upstream');
    expect(sent).toMatchObject({ kind: 3, name: 'tools/call echo' });
    expect(sentHeaders()['traceparent']).toBe(`00-${TRACE}-${sent?.spanId}-01`);
    expect(collector.resources()[0]).toMatchObject({
      'service.name': 'desk-gate',
      'service.version': '0.1.0',
      'deployment.environment': 'test',
    });
    expect(collector.types).toContain('POST /v1/traces application/json');
  });

  test('the context in `_meta` is nearer to the call than that of the request', async () => {
    const inMeta = `00-${TRACE}-00f067aa0ba902b7-01`;
    await call('echo', 'meta', { traceparent: `00-${'1'.repeat(32)}-${CALLER}-01` }, { traceparent: inMeta });
    expect((await spansOf('meta')).whole).toMatchObject({ traceId: TRACE, parentSpanId: '00f067aa0ba902b7' });
    // What the client wrote into the message stays as it is.
    expect(JSON.parse(last(journal)).raw).toContain(inMeta);
  });

  test('a caller who does not sample is followed, and what is no context begins a trace', async () => {
    await call('echo', 'unsampled', { traceparent: `00-${TRACE}-${CALLER}-00` });
    expect(sentHeaders()['traceparent']).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    await call('echo', 'zeros', { traceparent: `00-${'0'.repeat(32)}-${CALLER}-01` });
    const { whole } = await spansOf('zeros');
    expect(whole.parentSpanId ?? '').toBe('');
    expect(whole.traceId).not.toBe('0'.repeat(32));
    expect(collector.text()).not.toContain('unsampled');
  });

  test('what is refused, hidden or unknown says so, and sends nothing', async () => {
    await call('get_me', 'denied');
    const denied = await spansOf('denied');
    expect(denied.whole.attributes).toMatchObject({ 'sallyport.verdict': 'refuse', 'error.type': 'refused' });
    expect(denied.whole.status.code).toBe(2);
    expect(denied.stages.map(({ stage }) => stage)).toEqual(['decode', 'target', 'policy', 'audit']);
    await call('no_such_tool', 'unknown');
    const unknown = await spansOf('unknown');
    expect(unknown.whole).toMatchObject({ name: 'tools/call' });
    expect(unknown.whole.attributes).toMatchObject({
      'sallyport.verdict': 'hidden',
      'gen_ai.tool.name': 'no_such_tool',
    });
  });

  test('a legacy session has them too, and no value, token or header is in any', async () => {
    const session = await LegacySession.open(gateway.url, gateway.token);
    await session.send('tools/call', { name: 'echo', arguments: { text: 'between us' } }, 'legacy');
    const { whole } = await spansOf('legacy');
    expect(whole.attributes['mcp.protocol.version']).toBe('2025-11-25');
    expect(collector.text()).toContain('tools/call echo');
    expect(collector.text()).not.toContain('between us');
    expect(collector.text()).not.toContain(gateway.token);
    expect(collector.text()).not.toContain(session.headers['mcp-session-id']);
  });
});

describe('a collector that is not there', () => {
  test('changes no call, is an alarm while it lasts, and does not hold up the end', async () => {
    const away = await startCollector();
    const port = Number(new URL(away.url).port);
    await away.close();
    const upstream = await startFixture();
    const gateway = await startGateway({
      folder: join(folder.path, 'away'),
      policy,
      server: { url: upstream.url },
      env: {
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${away.url}/v1/traces`,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_TIMEOUT: '500',
        OTEL_BSP_SCHEDULE_DELAY: '50',
      },
    });
    const alarm = async () => {
      const { reasons = [] } = (await (await fetch(`${gateway.admin}/readyz`)).json()) as Readiness;
      return reasons.find(({ kind }) => kind === 'traces')?.sentence;
    };
    expect((await modernCall(gateway.url, gateway.token, 'echo')).status).toBe(200);
    expect(await until('the alarm', alarm)).toContain('spans are not sent');
    const back = await startCollector(port);
    await modernCall(gateway.url, gateway.token, 'echo');
    await until('its end', async () => (await alarm()) === undefined);
    expect(back.spans().length).toBeGreaterThan(0);
    await back.close();
    expect(await gateway.stop()).toBe(0);
    await upstream.stop();
  });

  test('a variable that cannot be followed is an alarm that names it; calls go on without spans', async () => {
    const upstream = await startFixture();
    const gateway = await startGateway({
      folder: join(folder.path, 'grpc'),
      policy,
      server: { url: upstream.url },
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    });
    const { status, reasons } = (await (await fetch(`${gateway.admin}/readyz`)).json()) as Readiness;
    expect(status).toBe('degraded');
    expect(reasons?.[0]).toMatchObject({ kind: 'traces' });
    expect(reasons?.[0]?.sentence).toContain('OTEL_EXPORTER_OTLP_PROTOCOL is `grpc`');
    expect((await modernCall(gateway.url, gateway.token, 'echo')).status).toBe(200);
    await gateway.stop();
    await upstream.stop();
  });
});

describe('wrap', () => {
  test('speaks protobuf where nothing else is asked for', async () => {
    const collector = await startCollector();
    const wrapped = runWrap(collector.url, {});
    await oneCall(wrapped);
    expect(await wrapped.exited).toBe(0);
    expect(collector.types).toEqual(['POST /v1/traces application/x-protobuf']);
    expect(collector.text()).toContain('tools/call echo');
    await collector.close();
  });

  test('sends its spans before it ends', async () => {
    const collector = await startCollector();
    const wrapped = runWrap(collector.url, { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' });
    await oneCall(wrapped);
    expect(await wrapped.exited).toBe(0);
    expect(collector.spans().map(({ stage }) => stage)).toContain('upstream');
    await collector.close();
  });

  function runWrap(endpoint: string, env: NodeJS.ProcessEnv): Running {
    const policyFile = join(folder.path, 'wrap.json');
    writeFileSync(policyFile, JSON.stringify(policy));
    return run(
      [bin, 'wrap', '--policy', policyFile, '--data', join(folder.path, 'wrap'), '--', process.execPath, fixture],
      { env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...env }, input: 'pipe' },
    );
  }

  async function oneCall(wrapped: Running): Promise<void> {
    const params = { name: 'echo', arguments: {}, ...modernMeta() };
    wrapped.child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id: 'piped', method: 'tools/call', params })}\n`);
    await until('the answer', () => wrapped.out().includes('"piped"'));
    wrapped.child.stdin?.end();
  }
});
