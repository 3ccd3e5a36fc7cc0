import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PaperExchange, startExchange } from '../../paper-exchange/index.ts';
import { type Desk, openDesk, type Result } from '../test/desk.ts';

let exchange: PaperExchange;
beforeAll(async () => {
  exchange = await startExchange();
});
afterAll(async () => exchange.close());

const BTC = { symbol: 'BTCUSDT' };
const hour = 3_600_000;

/** What the steps leave for the later ones. */
interface Memory {
  futuresOrder: string;
  spotOrder: string;
}

type Step = readonly [
  tool: string,
  sentence: string,
  args: (memory: Memory) => Record<string, unknown>,
  check: (result: Result, memory: Memory) => void,
];

/** One trading day, in order: every tool once or more, each with what its answer must hold. */
const day: readonly Step[] = [
  [
    'binance_account_status',
    'says which mode it is and that the key works',
    () => ({}),
    ({ structured }) => {
      expect(structured).toMatchObject({
        mode: 'paper',
        connectivity: { spot: 'ok', futures: 'ok' },
        testnet: true,
        apiKey: 'ok',
        accountKind: 'classic',
      });
      expect(Math.abs(structured.timeDifference)).toBeLessThan(60_000);
    },
  ],
  [
    'binance_server_time',
    'gives both clocks',
    () => ({}),
    ({ structured }) => expect(Math.abs(structured.serverTime - structured.localTime)).toBeLessThan(60_000),
  ],
  [
    'binance_account_info',
    'describes the spot account',
    () => ({}),
    ({ structured }) => expect(structured).toMatchObject({ accountType: 'SPOT', canTrade: true, balanceCount: 2 }),
  ],
  [
    'binance_spot_balances',
    'gives every balance as text',
    () => ({}),
    ({ structured }) => {
      const bySymbol = Object.fromEntries(structured.balances.map((row: { asset: string }) => [row.asset, row]));
      expect(bySymbol['USDT']).toEqual({ asset: 'USDT', free: '10000.00000000', locked: '0.00000000', total: '10000' });
      expect(bySymbol['BTC'].total).toBe('1');
    },
  ],
  [
    'binance_portfolio_account',
    'gives the futures margin and says which kind of account it is',
    () => ({}),
    ({ structured }) =>
      expect(structured).toMatchObject({
        accountKind: 'classic',
        availableBalance: '10000.00000000',
        totalOpenOrderInitialMargin: '0.00000000',
      }),
  ],
  [
    'binance_exchange_info',
    'gives a futures symbol with its filters',
    () => ({ market: 'futures', ...BTC }),
    ({ structured }) => {
      expect(structured).toMatchObject({ market: 'futures', symbolCount: 1 });
      expect(structured.symbols[0].filters.map((filter: { filterType: string }) => filter.filterType)).toContain(
        'LOT_SIZE',
      );
    },
  ],
  [
    'binance_spot_price',
    'gives one price',
    () => BTC,
    ({ structured }) =>
      expect(structured).toMatchObject({
        total: 1,
        prices: [{ symbol: 'BTCUSDT', price: expect.stringMatching(/^\d+\.\d+$/) }],
      }),
  ],
  [
    'binance_spot_price',
    'gives the first prices without a symbol',
    () => ({}),
    ({ structured }) => expect(structured.prices.length).toBeGreaterThan(1),
  ],
  [
    'binance_futures_price',
    'gives last, mark, index and funding',
    () => BTC,
    ({ structured }) =>
      expect(structured.prices[0]).toMatchObject({
        symbol: 'BTCUSDT',
        price: expect.any(String),
        markPrice: expect.any(String),
        indexPrice: expect.any(String),
        lastFundingRate: expect.any(String),
      }),
  ],
  [
    'binance_spot_orderbook',
    'gives best prices first',
    () => ({ ...BTC, limit: 5 }),
    ({ structured }) => {
      expect(structured.bids).toHaveLength(5);
      expect(Number(structured.asks[0].price)).toBeGreaterThan(Number(structured.bids[0].price));
      expect(Number(structured.bids[0].price)).toBeGreaterThan(Number(structured.bids[4].price));
    },
  ],
  [
    'binance_spot_klines',
    'gives candles oldest first',
    () => ({ ...BTC, interval: '1h', limit: 3 }),
    ({ structured }) => {
      expect(structured.count).toBe(3);
      expect(structured.klines[1].openTime - structured.klines[0].openTime).toBe(hour);
    },
  ],
  [
    'binance_futures_klines',
    'gives candles of the mark price too',
    () => ({ ...BTC, interval: '1d', limit: 2, priceType: 'mark' }),
    ({ structured }) => expect(structured.klines).toHaveLength(2),
  ],
  [
    'binance_spot_24hr_ticker',
    'gives one symbol',
    () => BTC,
    ({ structured }) =>
      expect(structured.tickers[0]).toMatchObject({
        symbol: 'BTCUSDT',
        lastPrice: expect.any(String),
        bidPrice: expect.any(String),
      }),
  ],
  [
    'binance_futures_24hr_ticker',
    'adds mark price, funding and open interest',
    () => BTC,
    ({ structured }) =>
      expect(structured.tickers[0]).toMatchObject({
        markPrice: expect.any(String),
        openInterest: expect.any(String),
        lastFundingRate: expect.any(String),
      }),
  ],
  [
    'binance_compare_spot_futures_price',
    'takes a base asset',
    () => ({ symbol: 'BTC' }),
    ({ structured }) => expect(structured).toMatchObject({ symbol: 'BTCUSDT', arbitrage: false }),
  ],
  [
    'binance_compare_spot_futures_price',
    'takes a pair',
    () => BTC,
    ({ structured }) => expect(structured.symbol).toBe('BTCUSDT'),
  ],
  // The original answered 0.001 here: it divided the risk by the leverage.
  [
    'binance_calculate_position_size',
    'risks what was asked for: 50 between 45,000 and 44,000 is 0.05',
    () => ({ ...BTC, riskAmount: 50, entryPrice: 45000, stopLossPrice: 44000, leverage: 10 }),
    ({ structured }) =>
      expect(structured).toMatchObject({
        direction: 'LONG',
        quantity: '0.05',
        margin: '225.00000000',
        lossAtStop: '50.00000000',
        tradable: true,
        liquidatedBeforeStop: false,
      }),
  ],
  [
    'binance_calculate_position_size',
    'answers 0.133, not ten times that, where the original promised 1.333',
    () => ({ ...BTC, riskAmount: 200, entryPrice: 43250, stopLossPrice: 41750, leverage: 10 }),
    ({ structured }) => expect(structured.quantity).toBe('0.133'),
  ],
  [
    'binance_calculate_funding_cost',
    'counts the settlements inside the holding time',
    () => ({ ...BTC, positionSize: '2.5', holdHours: 72 }),
    ({ structured }) => {
      expect(structured).toMatchObject({ intervalHours: 8, settlements: 9 });
      expect(Number(structured.totalCost)).toBeCloseTo(
        Number(structured.markPrice) * 2.5 * Number(structured.fundingRate) * 9,
        4,
      );
    },
  ],
  [
    'binance_check_order_precision',
    'names the filters that fail and the nearest valid values',
    () => ({ ...BTC, price: '45000.05', quantity: '0.0015', market: 'futures' }),
    ({ structured }) => {
      expect(structured).toMatchObject({ valid: false, nearestPrice: '45000', nearestQuantity: '0.001' });
      expect(
        structured.checks
          .filter((check: { ok: boolean }) => !check.ok)
          .map((check: { filter: string }) => check.filter),
      ).toEqual(['PRICE_FILTER', 'LOT_SIZE']);
    },
  ],
  [
    'binance_get_optimal_trade_size',
    'walks the book at half, once and twice the impact',
    () => ({ ...BTC, side: 'BUY', maxPriceImpact: 0.2 }),
    ({ structured }) => {
      const amounts = structured.table.map((row: { quantity: string }) => Number(row.quantity));
      expect(structured.table.map((row: { impactPercent: string }) => row.impactPercent)).toEqual([
        '0.1',
        '0.2',
        '0.4',
      ]);
      expect(amounts[0]).toBeLessThanOrEqual(amounts[1]);
      expect(Number(structured.averagePrice)).toBeGreaterThanOrEqual(Number(structured.bestPrice));
    },
  ],
  [
    'binance_futures_change_leverage',
    'sets the leverage',
    () => ({ ...BTC, leverage: 10 }),
    ({ structured }) => expect(structured).toMatchObject({ symbol: 'BTCUSDT', leverage: 10, reconciled: false }),
  ],
  [
    'binance_futures_set_margin_type',
    'counts an unchanged type as success',
    () => ({ ...BTC, marginType: 'CROSSED' }),
    ({ structured }) => expect(structured).toMatchObject({ marginType: 'CROSSED', changed: false }),
  ],
  [
    'binance_futures_place_order',
    'places a limit order',
    () => ({ ...BTC, side: 'BUY', type: 'LIMIT', quantity: '0.001', price: 45000 }),
    ({ structured }, memory) => {
      expect(structured).toMatchObject({
        status: 'NEW',
        price: '45000.0',
        quantity: '0.001',
        avgPrice: '0.00000000',
        reconciled: false,
      });
      memory.futuresOrder = structured.orderId;
    },
  ],
  [
    'binance_futures_place_order',
    'places a stop through the algo service',
    () => ({ ...BTC, side: 'SELL', type: 'STOP_MARKET', stopPrice: '40000', quantity: '0.001' }),
    ({ structured }) =>
      expect(structured).toMatchObject({
        algoId: expect.stringMatching(/^\d+$/),
        status: 'NEW',
        stopPrice: expect.stringMatching(/^40000/),
      }),
  ],
  [
    'binance_futures_open_orders',
    'lists both kinds, and the margin they lock',
    () => BTC,
    ({ structured }, memory) => {
      expect(structured.orders.map((row: { kind: string }) => row.kind)).toEqual(['order', 'conditional']);
      expect(structured.orders[0]).toMatchObject({ orderId: memory.futuresOrder, marginEstimate: '4.50000000' });
      expect(structured.openOrderInitialMargin).toEqual({ BTCUSDT: '4.50000000' });
    },
  ],
  [
    'binance_futures_cancel_order',
    'cancels it and releases 4.5 USDT',
    (memory) => ({ ...BTC, orderId: memory.futuresOrder }),
    ({ structured }) => expect(structured.marginChange.openOrderInitialMargin.released).toBe('4.50000000'),
  ],
  [
    'binance_futures_cancel_all_orders',
    'cancels what is left, each with its result',
    () => BTC,
    ({ structured }) =>
      expect(structured).toMatchObject({
        totalOrders: 1,
        cancelled: 1,
        failed: 0,
        results: [{ kind: 'conditional', status: 'CANCELED', success: true }],
      }),
  ],
  [
    'binance_futures_cancel_all_orders',
    'counts nothing open as nothing cancelled',
    () => BTC,
    ({ structured }) => expect(structured).toMatchObject({ totalOrders: 0, cancelled: 0 }),
  ],
  [
    'binance_futures_place_order',
    'buys at market',
    () => ({ ...BTC, side: 'BUY', type: 'MARKET', quantity: '0.01' }),
    ({ structured }) => {
      expect(structured).toMatchObject({ status: 'FILLED', executedQty: '0.010' });
      expect(Number(structured.avgPrice)).toBeGreaterThan(0);
    },
  ],
  [
    'binance_futures_positions',
    'shows the position with leverage and margin type',
    () => ({}),
    ({ structured }) =>
      expect(structured).toMatchObject({
        count: 1,
        positions: [
          { symbol: 'BTCUSDT', positionAmt: '0.010', leverage: '10', marginType: expect.stringMatching(/^CROSS/) },
        ],
      }),
  ],
  [
    'binance_analyze_portfolio_risk',
    'rates the account and values the spot holdings at their price',
    () => ({}),
    ({ structured }) => {
      expect(structured).toMatchObject({
        riskLevel: 'LOW',
        positions: { count: 1, largest: 'BTCUSDT', largestSharePercent: '100' },
      });
      expect(Number(structured.spot.valueUsdt)).toBeGreaterThan(40_000);
    },
  ],
  [
    'binance_futures_close_position',
    'closes it and gives profit, fee and released margin',
    () => BTC,
    ({ structured }) => {
      expect(structured).toMatchObject({
        totalPositions: 1,
        closed: 1,
        failed: 0,
        results: [{ side: 'SELL', status: 'FILLED', success: true, closedAmount: '0.01', commissionAsset: 'USDT' }],
      });
      expect(Number(structured.marginChange.positionInitialMargin.before)).toBeGreaterThan(0);
      expect(Number(structured.marginChange.positionInitialMargin.after)).toBe(0);
    },
  ],
  [
    'binance_futures_order_history',
    'lists newest first',
    () => BTC,
    ({ structured }, memory) => {
      const times = structured.orders.map((row: { time: number }) => row.time);
      expect(times).toEqual([...times].sort((a, b) => b - a));
      expect(structured.orders.find((row: { orderId?: string }) => row.orderId === memory.futuresOrder)).toMatchObject({
        status: 'CANCELED',
      });
    },
  ],
  [
    'binance_futures_trade_history',
    'lists both fills with profit and fee',
    () => BTC,
    ({ structured }) =>
      expect(structured).toMatchObject({
        count: 2,
        trades: [
          { side: 'SELL', realizedPnl: expect.any(String) },
          { side: 'BUY', commissionAsset: 'USDT' },
        ],
      }),
  ],
  [
    'binance_spot_place_order',
    'places a limit order',
    () => ({ ...BTC, side: 'BUY', type: 'LIMIT', quantity: '0.01', price: '40000' }),
    ({ structured }, memory) => {
      expect(structured).toMatchObject({ status: 'NEW', side: 'BUY' });
      memory.spotOrder = structured.orderId;
    },
  ],
  [
    'binance_spot_open_orders',
    'lists it',
    () => BTC,
    ({ structured }, memory) => expect(structured).toMatchObject({ count: 1, orders: [{ orderId: memory.spotOrder }] }),
  ],
  [
    'binance_spot_cancel_order',
    'cancels it and frees 400 USDT, checked against the balance',
    (memory) => ({ ...BTC, orderId: memory.spotOrder }),
    ({ structured }) =>
      expect(structured).toMatchObject({
        status: 'CANCELED',
        cancelledQty: '0.01',
        releasedFunds: { asset: 'USDT', expected: '400.00000000', released: '400.00000000' },
      }),
  ],
  [
    'binance_spot_place_order',
    'spends a quote amount at market',
    () => ({ ...BTC, side: 'BUY', type: 'MARKET', quoteOrderQty: 100 }),
    ({ structured }) => {
      expect(structured.status).toBe('FILLED');
      expect(structured.fills.length).toBeGreaterThan(0);
    },
  ],
  [
    'binance_spot_place_order',
    'places a stop-loss, which answers with ids alone',
    () => ({ ...BTC, side: 'SELL', type: 'STOP_LOSS_LIMIT', quantity: '0.01', price: '39000', stopPrice: '40000' }),
    ({ structured }) => expect(structured).toMatchObject({ status: 'NEW', type: 'STOP_LOSS_LIMIT' }),
  ],
  [
    'binance_spot_cancel_all_orders',
    'cancels all in one call',
    () => BTC,
    ({ structured }) => expect(structured).toMatchObject({ totalOrders: 1, cancelled: 1, failed: 0 }),
  ],
  [
    'binance_spot_cancel_all_orders',
    'counts nothing open as nothing cancelled',
    () => BTC,
    ({ structured }) => expect(structured).toMatchObject({ totalOrders: 0, cancelled: 0 }),
  ],
  [
    'binance_spot_order_history',
    'lists newest first',
    () => BTC,
    ({ structured }) => expect(structured.orders[0].type).toBe('STOP_LOSS_LIMIT'),
  ],
  [
    'binance_spot_trade_history',
    'lists the fills',
    () => BTC,
    ({ structured }) =>
      expect(structured.trades[0]).toMatchObject({ symbol: 'BTCUSDT', isBuyer: true, commissionAsset: 'BTC' }),
  ],
];

describe.each([
  ['stdio', 'legacy'],
  ['http', 'modern'],
] as const)('a trading day over %s, %s client', (transport, era) => {
  let desk: Desk;
  const memory: Memory = { futuresOrder: '', spotOrder: '' };
  beforeAll(async () => {
    desk = await openDesk({ transport, era, args: ['--exchange', exchange.url] });
  });
  afterAll(async () => desk.close());

  it.each(day.map(([tool, sentence, args, check]) => ({ tool, sentence, args, check })))(
    '$tool $sentence',
    async ({ tool, args, check }) => {
      const result = await desk.ok(tool, args(memory));
      check(result, memory);
      expect(result.text.length).toBeGreaterThan(0);
      expect(numbersThatShouldBeText(result.structured)).toEqual([]);
    },
  );

  it('has used every tool that it lists, and there are 35', async () => {
    const { tools } = await desk.client.listTools();
    expect(tools).toHaveLength(35);
    expect(new Set(day.map(([tool]) => tool))).toEqual(new Set(tools.map((tool) => tool.name)));
  });
});

/** Paths of ids and fractions that are JSON numbers: they lose digits above 2^53 and in binary fractions. */
function numbersThatShouldBeText(value: unknown, path = ''): string[] {
  if (typeof value === 'number') return !Number.isInteger(value) || /(^|\.)(\w*Id|id)$/.test(path) ? [path] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => numbersThatShouldBeText(each, `${path}.${key}`));
}
