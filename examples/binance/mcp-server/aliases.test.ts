import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PaperExchange, startExchange } from '../paper-exchange/index.ts';
import { aliasTools } from './aliases.ts';
import { type Desk, openDesk } from './test/desk.ts';
import { allTools } from './tools/index.ts';

let exchange: PaperExchange;
let desk: Desk;
beforeAll(async () => {
  exchange = await startExchange();
  desk = await openDesk({
    args: ['--exchange', exchange.url],
    env: { BINANCE_README_ALIASES: '1', BINANCE_MCP_LANG: 'zh' },
  });
});
afterAll(async () => {
  await desk.close();
  await exchange.close();
});

describe('the sixteen names of the original README', () => {
  it('are listed beside the 35 when asked for, and each names the tool it stands for', async () => {
    const { tools } = await desk.client.listTools();
    expect(tools).toHaveLength(35 + 16);
    const names = new Set(allTools.map((tool) => tool.name));
    for (const { name } of aliasTools) {
      const description = tools.find((tool) => tool.name === name)?.description ?? '';
      expect(names).toContain(/binance_\w+/.exec(description)?.[0]);
    }
  });

  it('trade with the side that their name says', async () => {
    const order = { symbol: 'BTCUSDT', type: 'LIMIT', quantity: '0.001', price: '45000' };
    expect((await desk.ok('binance_futures_buy', order)).structured).toMatchObject({ side: 'BUY', status: 'NEW' });
    const sell = await desk.call('binance_futures_buy', { ...order, side: 'SELL' });
    expect(sell.structured.error).toMatchObject({ reason: 'invalid-arguments', code: -1106 });
  });

  it.each([
    ['binance_get_price', { symbol: 'BTCUSDT' }],
    ['binance_get_all_prices', {}],
    ['binance_futures_prices', {}],
    ['binance_get_orderbook', { symbol: 'BTCUSDT', limit: 5 }],
    ['binance_get_klines', { symbol: 'BTCUSDT', interval: '1h', limit: 2 }],
    ['binance_get_24hr_ticker', { symbol: 'BTCUSDT' }],
    ['binance_get_market_summary', {}],
    ['binance_compare_symbols', {}],
    ['binance_check_arbitrage_opportunities', { symbol: 'BTC' }],
    ['binance_analyze_price_action', { symbol: 'BTCUSDT', interval: '1d', limit: 2 }],
    ['binance_futures_position_info', {}],
    ['binance_futures_set_leverage', { symbol: 'BTCUSDT', leverage: 5 }],
    ['binance_spot_buy', { symbol: 'BTCUSDT', type: 'MARKET', quoteOrderQty: 50 }],
    ['binance_spot_sell', { symbol: 'BTCUSDT', type: 'MARKET', quantity: '0.001' }],
    ['binance_futures_sell', { symbol: 'BTCUSDT', type: 'LIMIT', quantity: '0.001', price: '55000' }],
  ])('answer: %s', async (name, args) => {
    await desk.ok(name, args);
  });
});

describe('in Chinese', () => {
  it('every title and description has Chinese in it, and every argument too', async () => {
    const { tools } = await desk.client.listTools();
    for (const tool of tools) {
      expect(tool.description).toMatch(/[\u4e00-\u9fff]/);
      for (const [name, property] of Object.entries(tool.inputSchema.properties ?? {})) {
        expect((property as { description?: string }).description, `${tool.name}.${name}`).toMatch(/[\u4e00-\u9fff]/);
      }
    }
  });

  it('so do refusals', async () => {
    expect((await desk.call('binance_futures_cancel_order', { symbol: 'BTCUSDT' })).text).toMatch(
      /失败 -1102.*下一步/s,
    );
  });
});
