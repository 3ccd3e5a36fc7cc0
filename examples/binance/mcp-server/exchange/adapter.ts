/**
 * The one place that knows the official connectors. Everything above it speaks of families, operations and rows.
 *
 * `retries: 0`, because the connectors repeat GET and DELETE on their own: a cancel whose answer was lost would be
 * sent again behind our back and come home as "unknown order" although it worked.
 *
 * The connectors drop what a failure's reply said (Retry-After, the code of a 5xx, whether the request left at all).
 * A `transport` of our own under axios notes it per request, so that no answer is never mistaken for a no.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import http from 'node:http';
import https from 'node:https';
import type { DerivativesTradingPortfolioMarginRestAPI } from '@binance/derivatives-trading-portfolio-margin';
import type { DerivativesTradingUsdsFuturesRestAPI } from '@binance/derivatives-trading-usds-futures';
import type { SpotRestAPI } from '@binance/spot';
import { ExchangeFault, kindOfAnswer } from './fault.ts';

interface FamilyApi {
  spot: SpotRestAPI.RestAPI;
  futures: DerivativesTradingUsdsFuturesRestAPI.RestAPI;
  portfolio: DerivativesTradingPortfolioMarginRestAPI.RestAPI;
}

export type Family = keyof FamilyApi;
/** The connector's name of an operation of that family. */
export type Operation<F extends Family> = Exclude<keyof FamilyApi[F] & string, 'sendRequest' | 'sendSignedRequest'>;
/** What is sent, as the exchange spells it. Decimals and ids are strings: the connectors pass them through untouched. */
export type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

interface Reply {
  readonly body: unknown;
  /** Weight used in the exchange's running minute, from `X-MBX-USED-WEIGHT-1M`. */
  readonly usedWeight: number | undefined;
}

export interface ConnectorOptions {
  readonly urls: { readonly spot: string; readonly futures: string; readonly portfolio: string | undefined };
  /** Empty strings for public market data only. */
  readonly key: string;
  readonly secret: string;
  /** How long one request may take, milliseconds. */
  readonly timeoutMs?: number;
}

export interface Connector {
  /**
   * One request, sent once.
   * @throws ExchangeFault for everything that is not a parsed success
   */
  call<F extends Family>(family: F, operation: Operation<F>, parameters?: Parameters): Promise<Reply>;
  has(family: Family): boolean;
  /** Loads the connectors' code ahead of the first call. */
  warm(): Promise<void>;
  close(): void;
}

const timeoutMsDefault = 10_000;
const bodyBytesMax = 32 * 1024 * 1024;

/** What our transport saw of one request. */
interface Sighting {
  connected: boolean;
  status: number | undefined;
  retryAfter: string | undefined;
  errorCode: string | undefined;
  body: string | undefined;
}

const sightings = new AsyncLocalStorage<Sighting>();

export function connect(options: ConnectorOptions): Connector {
  const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) };
  const opened = new Map<Family, Promise<object>>();

  function open(family: Family): Promise<object> {
    const known = opened.get(family);
    if (known !== undefined) return known;
    const fresh = load(family).then((api) => {
      observe(api, agents);
      return api;
    });
    opened.set(family, fresh);
    return fresh;
  }

  async function load(family: Family): Promise<object> {
    const basePath = options.urls[family];
    if (basePath === undefined)
      throw new ExchangeFault({ kind: 'not-sent', message: `this mode has no ${family} host` });
    const configurationRestAPI = {
      apiKey: options.key,
      apiSecret: options.secret,
      basePath,
      timeout: options.timeoutMs ?? timeoutMsDefault,
      retries: 0,
      keepAlive: false, // our agents keep connections; the connector's would make a new agent per request
    };
    // Loaded when first needed: each costs a tenth of a second, and a client that only lists tools needs none.
    switch (family) {
      case 'spot':
        return new (await import('@binance/spot')).Spot({ configurationRestAPI }).restAPI;
      case 'futures':
        return new (await import('@binance/derivatives-trading-usds-futures')).DerivativesTradingUsdsFutures({
          configurationRestAPI,
        }).restAPI;
      case 'portfolio':
        return new (await import('@binance/derivatives-trading-portfolio-margin')).DerivativesTradingPortfolioMargin({
          configurationRestAPI,
        }).restAPI;
    }
  }

  async function call<F extends Family>(
    family: F,
    operation: Operation<F>,
    parameters: Parameters = {},
  ): Promise<Reply> {
    const api = await open(family);
    const method: unknown = Reflect.get(api, operation);
    if (typeof method !== 'function') throw new Error(`the ${family} connector has no operation ${operation}`);
    const given = Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined));
    const seen: Sighting = {
      connected: false,
      status: undefined,
      retryAfter: undefined,
      errorCode: undefined,
      body: undefined,
    };
    return sightings.run(seen, async () => {
      try {
        const response = (await method.call(api, given)) as ConnectorResponse;
        return { body: await response.data(), usedWeight: weightOf(response) };
      } catch (error) {
        throw faultFrom(error, seen);
      }
    });
  }

  return {
    call,
    has: (family) => options.urls[family] !== undefined,
    warm: async () => {
      const families: Family[] = ['futures', 'spot', 'portfolio'];
      await Promise.all(families.filter((family) => options.urls[family] !== undefined).map((family) => open(family)));
    },
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

interface ConnectorResponse {
  data(): Promise<unknown>;
  readonly rateLimits?: readonly { rateLimitType: string; interval: string; intervalNum: number; count: number }[];
}

function weightOf(response: ConnectorResponse): number | undefined {
  return response.rateLimits?.find((limit) => limit.rateLimitType === 'REQUEST_WEIGHT' && limit.interval === 'MINUTE')
    ?.count;
}

/** Puts our transport under one connector. Its `configuration` is a public field at run time and absent from its types. */
function observe(api: object, agents: { http: http.Agent; https: https.Agent }): void {
  const configuration: unknown = Reflect.get(api, 'configuration');
  if (typeof configuration !== 'object' || configuration === null)
    throw new Error('the connector has no configuration');
  const baseOptions: unknown = Reflect.get(configuration, 'baseOptions');
  if (typeof baseOptions !== 'object' || baseOptions === null) throw new Error('the connector has no baseOptions');
  Object.assign(baseOptions, {
    // With a transport of its own axios follows no redirect, so no signed request is ever sent on to another host.
    transport: {
      request: (target: http.RequestOptions, onResponse: (response: http.IncomingMessage) => void) =>
        watch(target, onResponse, agents),
    },
    // An HTTP_PROXY of the environment is not for signed requests, least of all for those to loopback.
    proxy: false,
    httpsAgent: undefined,
    maxContentLength: bodyBytesMax,
    transformResponse: [keepBody],
  });
}

function keepBody(body: unknown): unknown {
  const seen = sightings.getStore();
  if (seen !== undefined && typeof body === 'string') seen.body = body;
  return body;
}

function watch(
  target: http.RequestOptions,
  onResponse: (response: http.IncomingMessage) => void,
  agents: { http: http.Agent; https: https.Agent },
): http.ClientRequest {
  const seen = sightings.getStore();
  const secure = target.protocol === 'https:';
  const request = secure
    ? https.request({ ...target, agent: agents.https }, onResponse)
    : http.request({ ...target, agent: agents.http }, onResponse);
  if (seen === undefined) return request;
  request.once('socket', (socket) => {
    if (socket.connecting) socket.once(secure ? 'secureConnect' : 'connect', () => (seen.connected = true));
    else seen.connected = true;
  });
  request.once('response', (response) => {
    seen.status = response.statusCode;
    seen.retryAfter = response.headers['retry-after'];
  });
  request.once('error', (error: NodeJS.ErrnoException) => {
    seen.errorCode = error.code;
  });
  return request;
}

function faultFrom(error: unknown, seen: Sighting): ExchangeFault {
  if (error instanceof ExchangeFault) return error;
  const said = readBody(seen.body);
  if (seen.status !== undefined && seen.status >= 400) {
    return new ExchangeFault({
      kind: kindOfAnswer(seen.status, said.code),
      status: seen.status,
      code: said.code,
      retryAfterMs: readRetryAfter(seen.retryAfter),
      message: said.msg ?? `HTTP ${seen.status}`,
    });
  }
  if (seen.status !== undefined) {
    return new ExchangeFault({ kind: 'unknown', status: seen.status, message: 'the answer broke off or was not JSON' });
  }
  if (!seen.connected) {
    const isRequest = seen.errorCode !== undefined || (error instanceof Error && error.name === 'NetworkError');
    const reason = isRequest ? `no connection (${seen.errorCode ?? 'timeout'})` : describe(error);
    return new ExchangeFault({ kind: 'not-sent', message: reason });
  }
  return new ExchangeFault({ kind: 'unknown', message: `no answer (${seen.errorCode ?? 'timeout'})` });
}

function readBody(body: string | undefined): { code: number | undefined; msg: string | undefined } {
  try {
    const value: unknown = JSON.parse(body ?? '');
    if (typeof value !== 'object' || value === null) return { code: undefined, msg: undefined };
    const code: unknown = Reflect.get(value, 'code');
    const msg: unknown = Reflect.get(value, 'msg');
    return { code: typeof code === 'number' ? code : undefined, msg: typeof msg === 'string' ? msg : undefined };
  } catch {
    return { code: undefined, msg: undefined }; // an HTML page of some proxy: the status speaks for it
  }
}

/** Retry-After is seconds on Binance; an HTTP date is allowed by the standard. */
function readRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
