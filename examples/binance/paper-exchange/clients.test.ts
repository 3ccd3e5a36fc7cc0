import { afterEach, describe, expect, it } from 'vitest';
import { type PaperExchange, startExchange } from './index.ts';
import { CLIENTS, type Client, rerouted, type Seen } from './test/clients.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).reverse()) await item.close();
});

async function paper(url: string, name: string, values: object): Promise<unknown> {
  const response = await fetch(`${url}/paper/v1/${name}`, { method: 'POST', body: JSON.stringify(values) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** An exchange whose price stands still at 50,000 while its clock runs, as real clients need it to. */
async function start(): Promise<PaperExchange> {
  const exchange = await startExchange();
  open.push(exchange);
  await paper(exchange.url, 'price', { symbol: 'BTCUSDT', price: 50_000 });
  return exchange;
}

interface Stage {
  readonly client: Client;
  readonly fill: (order: Seen, quantity: number) => Promise<unknown>;
  /** What the client reports when a call is refused. */
  readonly refused: (call: Promise<unknown>) => Promise<number>;
}

/** Ids and order of calls aside, what a scenario saw. */
type Scenario = (stage: Stage) => Promise<unknown>;

const withoutId = ({ id: _id, ...rest }: Seen): Omit<Seen, 'id'> => rest;

const scenarios: Readonly<Record<string, Scenario>> = {
  'place, query and cancel': async ({ client, refused }) => {
    const order = await client.limit('BUY', 0.002, 45_000);
    const queried = await client.order(order.id);
    const cancelled = await client.cancel(order.id);
    const after = await client.order(order.id);
    const all = [order, queried, cancelled, after];
    return {
      orders: all.map(withoutId),
      ids: new Set(all.map((row) => row.id)).size,
      again: await refused(client.cancel(order.id)),
    };
  },
  'partial fill, then cancel the rest': async ({ client, fill }) => {
    await client.leverage(10);
    const order = await client.limit('BUY', 0.01, 45_000);
    await fill(order, 0.004);
    const part = await client.order(order.id);
    return {
      part: withoutId(part),
      rest: withoutId(await client.cancel(order.id)),
      position: await client.position(),
      trades: await client.trades(),
      wallet: await client.wallet(),
    };
  },
  'cancel all': async ({ client }) => {
    for (const price of [44_000, 44_500, 45_000]) await client.limit('BUY', 0.002, price);
    const before = await client.open();
    await client.cancelAll();
    return {
      before: before.map(withoutId),
      after: await client.open(),
      history: (await client.history()).map(withoutId),
    };
  },
  modify: async ({ client, refused }) => {
    const order = await client.limit('BUY', 0.002, 45_000);
    const modified = await client.modify(order.id, 'BUY', 0.003, 45_500);
    return {
      modified: withoutId(modified),
      same: modified.id === order.id,
      now: withoutId(await client.order(order.id)),
      unchanged: await refused(client.modify(order.id, 'BUY', 0.003, 45_500)),
    };
  },
  'open and close a position': async ({ client, refused }) => {
    const bought = await client.market('BUY', 0.02, false);
    const position = await client.position();
    const closed = await client.market('SELL', 0.02, true);
    return {
      bought: withoutId(bought),
      position,
      closed: withoutId(closed),
      after: await client.position(),
      trades: await client.trades(),
      wallet: await client.wallet(),
      noneLeft: await refused(client.market('SELL', 0.02, true)),
    };
  },
  'leverage and refusals': async ({ client, refused }) => {
    const set = await client.leverage(5);
    return {
      set,
      margin: await refused(client.limit('BUY', 50, 45_000)),
      unknown: await refused(client.cancel('999999')),
      band: await refused(client.limit('BUY', 0.002, 80_000)),
    };
  },
};

const classicOnly: Readonly<Record<string, Scenario>> = {
  'margin type': async ({ client, refused }) => {
    await client.marginType('ISOLATED');
    const order = await client.limit('BUY', 0.002, 45_000);
    const withOrders = await refused(client.marginType('CROSSED'));
    await client.cancel(order.id);
    await client.marginType('CROSSED');
    return { withOrders };
  },
  'spot round trip': async ({ client, refused }) => {
    const bought = await client.spotMarket('BUY', 0.01);
    const resting = await client.spotLimit('SELL', 0.005, 55_000);
    const locked = await client.spotBalance('BTC');
    const cancelled = await client.spotCancel(resting.id);
    const sold = await client.spotMarket('SELL', 0.00999);
    return {
      orders: [bought, resting, cancelled, sold].map(withoutId),
      locked,
      balances: [await client.spotBalance('BTC'), await client.spotBalance('USDT')],
      trades: await client.spotTrades(),
      again: await refused(client.spotCancel(resting.id)),
      poor: await refused(client.spotMarket('BUY', 1)),
    };
  },
};

/** Plays a scenario with one client on an exchange of its own. */
async function play(
  make: (typeof CLIENTS)[number],
  scenario: Scenario,
  kind: 'classic' | 'portfolio',
): Promise<{ name: string; seen: unknown }> {
  const exchange = await start();
  const credentials = kind === 'classic' ? exchange : exchange.createAccount({ kind });
  const client = make(exchange.url, credentials, kind === 'portfolio');
  open.push(client);
  const seen = await scenario({
    client,
    fill: (order, quantity) => paper(exchange.url, 'fill', { orderId: order.id, quantity: String(quantity) }),
    refused: async (call) => {
      try {
        await call;
      } catch (error) {
        return client.code(error);
      }
      throw new Error(`${client.name} was not refused`);
    },
  });
  return { name: client.name, seen };
}

async function agree(scenario: Scenario, kind: 'classic' | 'portfolio'): Promise<unknown> {
  const all = [];
  for (const make of CLIENTS) all.push(await play(make, scenario, kind));
  const [first] = all;
  for (const { name, seen } of all) expect({ name, seen }).toEqual({ name, seen: first?.seen });
  return first?.seen;
}

describe('the official connectors, `binance` and ccxt see the same', () => {
  it.each(Object.entries({ ...scenarios, ...classicOnly }))('%s', async (name, scenario) => {
    expect(await agree(scenario, 'classic')).toMatchSnapshot(name);
  });

  it.each(Object.entries(scenarios))('%s, on portfolio margin', async (name, scenario) => {
    expect(await agree(scenario, 'portfolio')).toMatchSnapshot(`${name} portfolio`);
  });
});

describe('ccxt.pro', () => {
  it.each(['classic', 'portfolio'] as const)(
    'watchOrders hears of a new, a filled and a cancelled order (%s)',
    async (kind) => {
      const exchange = await start();
      const account = kind === 'classic' ? exchange : exchange.createAccount({ kind });
      const client = rerouted(exchange.url, account, kind === 'portfolio');
      open.push({ close: () => client.close() as Promise<void> });
      client.options.defaultType = 'swap';
      // ccxt asks for this before it opens a ws:// (not wss://) connection.
      await client.loadHttpProxyAgent();
      await client.loadMarkets();
      const symbol = 'BTC/USDT:USDT';
      const heard: string[][] = [];
      const next = async (): Promise<void> => {
        const orders = (await client.watchOrders(symbol)) as { id: string; status: string; filled: number }[];
        for (const order of orders) heard.push([order.id, order.status, String(order.filled)]);
      };
      const listening = next();
      await connected(exchange.url, account, kind);
      const order = await client.createOrder(symbol, 'limit', 'buy', 0.002, 45_000);
      await listening;
      const filled = next();
      await paper(exchange.url, 'fill', { orderId: order.id, quantity: '0.001' });
      await filled;
      const cancelled = next();
      await client.cancelOrder(order.id, symbol);
      await cancelled;
      expect(heard).toEqual([
        [order.id, 'open', '0'],
        [order.id, 'open', '0.001'],
        [order.id, 'canceled', '0.001'],
      ]);
    },
  );
});

it('ccxt works in hedge mode, with conditional and batched orders, and with ids beyond 2^53', async () => {
  const exchange = await startExchange({ firstOrderId: 4_611_875_134_427_365_123n });
  open.push(exchange);
  await paper(exchange.url, 'price', { symbol: 'BTCUSDT', price: 50_000 });
  const client = rerouted(exchange.url, exchange, false);
  open.push({ close: () => client.close() as Promise<void> });
  client.options.defaultType = 'swap';
  await client.loadMarkets();
  const symbol = 'BTC/USDT:USDT';
  await client.setPositionMode(true, symbol);
  const long = await client.createOrder(symbol, 'market', 'buy', 0.02, undefined, { positionSide: 'LONG' });
  await client.createOrder(symbol, 'market', 'sell', 0.01, undefined, { positionSide: 'SHORT' });
  expect([long.id, long.status]).toEqual(['4611875134427365123', 'closed']);
  const positions = (await client.fetchPositions([symbol])) as { side: string; contracts: number }[];
  expect(positions.map((row) => [row.side, row.contracts])).toEqual([
    ['long', 0.02],
    ['short', 0.01],
  ]);
  const stop = await client.createOrder(symbol, 'market', 'sell', 0.02, undefined, {
    positionSide: 'LONG',
    stopLossPrice: 45_000,
  });
  const trailing = await client.createOrder(symbol, 'market', 'buy', 0.01, undefined, {
    positionSide: 'SHORT',
    trailingPercent: 1,
  });
  const waiting = (await client.fetchOpenOrders(symbol, undefined, undefined, { trigger: true })) as { id: string }[];
  expect(waiting.map((row) => row.id)).toEqual([stop.id, trailing.id]);
  const [batched] = await client.createOrders([
    { symbol, type: 'limit', side: 'buy', amount: 0.01, price: 45_000, params: { positionSide: 'LONG' } },
  ]);
  expect(batched.id).toBe('4611875134427365125');
  expect((await client.cancelOrders([batched.id], symbol))[0].status).toBe('canceled');
});

/** Waits until the exchange has a stream connection for the account: what happens before would not be heard. */
async function connected(url: string, account: { key: string }, kind: string): Promise<void> {
  for (;;) {
    const state = (await (await fetch(`${url}/paper/v1/state`)).json()) as {
      accounts: { key: string; kind: string; streams: number }[];
    };
    if (state.accounts.some((row) => row.key === account.key && row.kind === kind && row.streams > 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
