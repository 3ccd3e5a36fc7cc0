/**
 * One identity at the exchange: its keys, its pace, and which kind of account it is.
 * Classic and portfolio-margin accounts answer to the same calls here.
 */
import { type Connector, connect, type Family, type Operation, type Parameters } from './adapter.ts';
import { ExchangeFault, type FaultParts, isCode } from './fault.ts';
import {
  type FuturesMarketOperation,
  type FuturesOperationName,
  futuresOperation,
  spotNeedsKeys,
  spotReadsOnly,
} from './operations.ts';
import { keepPace, type Pace } from './pace.ts';
import { type Json, plain } from './rows.ts';

type AccountKind = 'classic' | 'portfolio';

export interface ExchangeUrls {
  readonly spot: string;
  readonly futures: string;
  /** Absent where the venue has no portfolio margin. */
  readonly portfolio: string | undefined;
}

export interface AccountOptions {
  readonly urls: ExchangeUrls;
  /** Absent: public market data only. */
  readonly keys: { readonly key: string; readonly secret: string } | undefined;
  /** Shared by all accounts of one venue: the exchange counts and bans by address. */
  readonly pace?: Pace;
  readonly timeoutMs?: number;
  readonly now?: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
}

/** What only a portfolio-margin account has. */
type PortfolioRead = Extract<Operation<'portfolio'>, 'accountInformation' | 'accountBalance'>;

/** Requests on behalf of one tool call. Every method throws ExchangeFault for anything but a success. */
export interface Requests {
  spot(operation: Operation<'spot'>, parameters?: Parameters): Promise<Json>;
  futures(operation: FuturesOperationName, parameters?: Parameters): Promise<Json>;
  futuresMarket(operation: FuturesMarketOperation, parameters?: Parameters): Promise<Json>;
  portfolio(operation: PortfolioRead, parameters?: Parameters): Promise<Json>;
  /** @throws ExchangeFault when it cannot be told; trading tools refuse then */
  kind(): Promise<AccountKind>;
}

export interface Account {
  /** @param urgent orders and cancels, which may use the weight that is kept back from reading */
  requests(urgent: boolean): Requests;
  /**
   * Runs `work` after every earlier one has ended: figures read before and after one order must not mix with another's.
   * @throws ExchangeFault `rate-limited` when too many are waiting
   */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  readonly hasKeys: boolean;
  readonly pace: Pace;
  warm(): Promise<void>;
  close(): void;
}

/** Further tries of a read whose answer was lost, and the wait before each, milliseconds. */
const readRetryWaitsMs: readonly number[] = [100, 400];
/** No further try of a read that has taken this long already: a client waits a minute at most. */
const readRetryWithinMs = 5_000;
/** Refusals of a request's time, window and signature: they say nothing about the account that it is from. */
const aboutTheRequest: readonly number[] = [-1021, -1022, -1131];
/** Orders, cancels and settings of one account that may wait for their turn. */
const queueMax = 100;
/** Asked for with every signed request: how old it may be on arrival. */
const recvWindowMs = '5000';

export function openAccount(options: AccountOptions): Account {
  const connector: Connector = connect({
    urls: options.urls,
    key: options.keys?.key ?? '',
    secret: options.keys?.secret ?? '',
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  });
  const now = options.now ?? Date.now;
  const pace = options.pace ?? keepPace(now);
  const sleep = options.sleep ?? ((ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)));
  let kind: Promise<AccountKind> | undefined;

  async function once<F extends Family>(
    urgent: boolean,
    family: F,
    operation: Operation<F>,
    parameters: Parameters,
  ): Promise<Json> {
    pace.admit(family, urgent);
    try {
      const reply = await connector.call(family, operation, parameters);
      pace.used(family, reply.usedWeight);
      return plain(reply.body);
    } catch (error) {
      if (!(error instanceof ExchangeFault)) throw error;
      if (error.kind !== 'rate-limited') throw error;
      const wait = pace.limited(family, error.retryAfterMs);
      throw new ExchangeFault({
        ...parts(error),
        retryAfterMs: wait.untilMs - now(),
        message: wait.known ? error.message : `${error.message} (the exchange did not say how long to wait)`,
      });
    }
  }

  async function send<F extends Family>(
    urgent: boolean,
    family: F,
    operation: Operation<F>,
    parameters: Parameters,
    reads: boolean,
  ): Promise<Json> {
    if (!reads) return once(urgent, family, operation, parameters);
    const began = now();
    for (let tries = 0; ; tries++) {
      try {
        return await once(urgent, family, operation, parameters);
      } catch (error) {
        if (!(error instanceof ExchangeFault)) throw error;
        const lost = error.kind === 'unknown' || error.kind === 'not-sent';
        const wait = readRetryWaitsMs[tries];
        if (!lost || wait === undefined || now() - began > readRetryWithinMs) {
          throw new ExchangeFault({ ...parts(error), reading: true });
        }
        await sleep(wait);
      }
    }
  }

  function signed(parameters: Parameters): Parameters {
    if (options.keys === undefined) {
      throw new ExchangeFault({ kind: 'not-sent', message: 'this tool needs API keys and none are set' });
    }
    return { ...parameters, recvWindow: recvWindowMs };
  }

  /** 200 from /papi means portfolio margin; refused there but good on /fapi means classic; anything else stays unknown. */
  async function askKind(urgent: boolean): Promise<AccountKind> {
    if (connector.has('portfolio')) {
      try {
        await send(urgent, 'portfolio', 'accountInformation', signed({}), true);
        return 'portfolio';
      } catch (error) {
        if (!(error instanceof ExchangeFault) || error.kind !== 'refused') throw error;
        if (isCode(error, ...aboutTheRequest)) throw error;
      }
    }
    await send(urgent, 'futures', 'accountInformationV3', signed({}), true);
    return 'classic';
  }

  /** Asked once, also by several at the same time, and again only after it could not be told. */
  async function detect(urgent: boolean): Promise<AccountKind> {
    const asked = (kind ??= askKind(urgent));
    try {
      return await asked;
    } catch (error) {
      if (kind === asked) kind = undefined;
      throw error;
    }
  }

  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  async function exclusive<T>(work: () => Promise<T>): Promise<T> {
    if (waiting >= queueMax) {
      throw new ExchangeFault({
        kind: 'rate-limited',
        retryAfterMs: 1000,
        message: `${queueMax} orders of this account are waiting already`,
      });
    }
    waiting += 1;
    const mine = turn.then(work);
    turn = mine.catch(() => undefined); // the next one waits for the end, whichever it was; the caller gets the error
    try {
      return await mine;
    } finally {
      waiting -= 1;
    }
  }

  return {
    exclusive,
    hasKeys: options.keys !== undefined,
    pace,
    warm: () => connector.warm(),
    close: () => connector.close(),
    requests: (urgent) => ({
      kind: () => detect(urgent),
      spot: async (operation, parameters = {}) =>
        send(
          urgent,
          'spot',
          operation,
          spotNeedsKeys(operation) ? signed(parameters) : parameters,
          spotReadsOnly(operation),
        ),
      futuresMarket: (operation, parameters = {}) => send(urgent, 'futures', operation, parameters, true),
      portfolio: async (operation, parameters = {}) => send(urgent, 'portfolio', operation, signed(parameters), true),
      futures: async (name, parameters = {}) => {
        const found = await detect(urgent);
        const operation = futuresOperation(name);
        const reads = operation.reads === true;
        if (found === 'classic') return send(urgent, 'futures', operation.classic, signed(parameters), reads);
        if (operation.portfolio === undefined) {
          throw new ExchangeFault({ kind: 'refused', message: 'a portfolio-margin account has no such operation' });
        }
        return send(urgent, 'portfolio', operation.portfolio, signed(parameters), reads);
      },
    }),
  };
}

function parts(fault: ExchangeFault): FaultParts {
  const { kind, code, status, retryAfterMs, message } = fault;
  return { kind, code, status, retryAfterMs, message };
}
