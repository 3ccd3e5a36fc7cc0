/** The calculators where a figure is easily wrong: another clock, the edge of a limit, a rate that pays instead of costs. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PaperExchange, startExchange } from '../../../paper-exchange/index.ts';
import { type Desk, openDesk } from '../../test/desk.ts';
import { type Flaky, openFlaky } from '../../test/flaky.ts';

let exchange: PaperExchange;
let flaky: Flaky;
let desk: Desk;
beforeAll(async () => {
  exchange = await startExchange();
  flaky = await openFlaky(exchange.url);
  desk = await openDesk({ args: ['--exchange', flaky.url] });
});
afterAll(async () => {
  await desk.close();
  await flaky.close();
  await exchange.close();
});

const answered = (path: string, body: object): void =>
  flaky.next({ method: 'GET', path, act: { kind: 'answer', status: 200, body: JSON.stringify(body) } });

it.each([
  ['premium', '50100', '0.00010000', '-0.1', '-0.09'],
  ['discount', '49900', '0.00010000', '-0.1', '-0.11'],
  ['discount', '49900', '-0.00020000', '-0.1', '-0.08'],
])(
  'at a %s of %s and a rate of %s the rest counts the payment with its sign',
  async (state, price, rate, net, rest) => {
    answered('/api/v3/ticker/price', { symbol: 'BTCUSDT', price: '50000' });
    answered('/fapi/v2/ticker/price', { symbol: 'BTCUSDT', price, time: 1 });
    answered('/fapi/v1/premiumIndex', { symbol: 'BTCUSDT', markPrice: price, lastFundingRate: rate });
    const { structured } = await desk.ok('binance_compare_spot_futures_price', { symbol: 'BTC' });
    expect(structured.state).toBe(state);
    expect([Number(structured.netPercent), Number(structured.netAfterFundingPercent)]).toEqual([
      Number(net),
      Number(rest),
    ]);
  },
);

it('counts the levels of the book up to the limit itself, and not a hair beyond', async () => {
  const asks = [
    ['50000.00', '1'],
    ['50500.00', '1'], // one percent
    ['50500.01', '1'], // 1.00002 percent
  ];
  answered('/api/v3/depth', { lastUpdateId: 1, bids: [], asks });
  const args = { symbol: 'BTCUSDT', side: 'BUY', maxPriceImpact: 1 };
  const { structured } = await desk.ok('binance_get_optimal_trade_size', args);
  expect(structured.quantity).toBe('2');
});

it('warns when a risk asks for more than one order may have', async () => {
  const args = { symbol: 'BTCUSDT', riskAmount: '100000000', entryPrice: '50000', stopLossPrice: '49999', leverage: 1 };
  const { structured } = await desk.ok('binance_calculate_position_size', args);
  expect(structured.quantity).toBe('1000');
  expect(structured.warnings.join()).toContain('cut to the largest quantity of one order');
});

it('counts settlements by the clock of the exchange', async () => {
  await fetch(`${exchange.url}/paper/v1/clock`, { method: 'POST', body: JSON.stringify({ advance: 10 * 86_400_000 }) });
  const args = { symbol: 'BTCUSDT', positionSize: '-2.5', holdHours: 72 };
  const { structured } = await desk.ok('binance_calculate_funding_cost', args);
  expect(structured.settlements).toBe(9);
});

it('calls the kind of an account unknown when a wrong clock keeps it from being told', async () => {
  const { structured } = await desk.ok('binance_account_status');
  expect(structured).toMatchObject({ accountKind: 'unknown', apiKey: expect.stringContaining('-1021') });
  const refused = await desk.call('binance_futures_cancel_all_orders', { symbol: 'BTCUSDT' });
  expect(refused.structured.error.code).toBe(-1021);
});

it('complains in Chinese about every argument of a wrong type', async () => {
  const chinese = await openDesk({ args: ['--exchange', flaky.url], env: { BINANCE_MCP_LANG: 'zh' } });
  const { tools } = await chinese.client.listTools();
  const said: string[] = [];
  for (const tool of tools) {
    for (const name of Object.keys(tool.inputSchema.properties ?? {})) {
      const { structured } = await chinese.call(tool.name, { [name]: { wrong: 'type' } });
      said.push(structured.error.message.replace(/^`\w+`: /, '').replaceAll(/`\w+`: 缺失; /g, ''));
    }
  }
  expect(said.filter((each) => /Invalid|expected|received/i.test(each))).toEqual([]);
  await chinese.close();
});
