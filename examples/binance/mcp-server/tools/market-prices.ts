/** Prices, tickers and the exchange's clock and symbols: public, no key. */
import * as z from 'zod';
import { asRow, asRows, isList, type Json, needNumber, pick, type Row, scalarText, textOf } from '../exchange/rows.ts';
import { choice, symbol } from '../inputs.ts';
import { lines, type Say } from '../language.ts';
import { answer, defineTool } from '../tool.ts';
import { decimalText, time } from './shapes.ts';

const pricesMax = 100;
const tickersMax = 50;
const symbolsMax = 20;

function rowsOf(reply: Json): readonly Row[] {
  return isList(reply) ? asRows(reply) : [asRow(reply)];
}

function cut(total: number, most: number, say: Say): string {
  return total > most
    ? `\n${say(`first ${most} of ${total}; name a symbol for one`, `前 ${most} 个,共 ${total} 个;指定交易对可只查一个`)}`
    : '';
}

const onlySymbol = (say: Say) =>
  symbol(
    say,
    say('one pair; the first of all when left out (heavier)', '单个交易对;省略则返回全部的前若干个(权重更高)'),
  ).optional();

export const spotPrice = defineTool({
  name: 'binance_spot_price',
  risk: 'read',
  title: (say) => say('Spot price', '现货价格'),
  description: (say) =>
    say('Last spot price of one pair, or of the first 100 pairs.', '某个现货交易对的最新价,或前 100 个交易对。'),
  input: (say) => z.strictObject({ symbol: onlySymbol(say) }),
  output: z.object({ total: z.number(), prices: z.array(z.object({ symbol: z.string(), price: decimalText })) }),
  run: async (args, { requests, say }) => {
    const rows = rowsOf(await requests.spot('tickerPrice', { symbol: args.symbol }));
    const prices = rows
      .slice(0, pricesMax)
      .map((row) => ({ symbol: textOf(row, 'symbol'), price: textOf(row, 'price') }));
    return answer(prices.map((row) => `${row.symbol}: ${row.price}`).join('\n') + cut(rows.length, pricesMax, say), {
      total: rows.length,
      prices,
    });
  },
});

export const futuresPrice = defineTool({
  name: 'binance_futures_price',
  risk: 'read',
  title: (say) => say('Futures price', '合约价格'),
  description: (say) =>
    say(
      'Last price, mark price, index price and funding rate of one USDⓈ-M contract, or of the first 100. `price` is the last traded price; margin and liquidation follow `markPrice`.',
      '某个 U 本位合约的最新价、标记价、指数价和资金费率,或前 100 个。`price` 为最新成交价;保证金和强平按 `markPrice` 计算。',
    ),
  input: (say) => z.strictObject({ symbol: onlySymbol(say) }),
  output: z.object({
    total: z.number(),
    prices: z.array(
      z.looseObject({
        symbol: z.string(),
        price: decimalText,
        markPrice: decimalText.optional(),
        indexPrice: decimalText.optional(),
        lastFundingRate: decimalText.optional(),
        nextFundingTime: time.optional(),
      }),
    ),
  }),
  run: async (args, { requests, say }) => {
    const [last, marks] = await Promise.all([
      requests.futuresMarket('symbolPriceTickerV2', { symbol: args.symbol }),
      requests.futuresMarket('markPrice', { symbol: args.symbol }),
    ]);
    const markOf = new Map(rowsOf(marks).map((row) => [textOf(row, 'symbol'), row]));
    const rows = rowsOf(last);
    const prices = rows.slice(0, pricesMax).map((row) => {
      const mark = markOf.get(textOf(row, 'symbol'));
      return {
        symbol: textOf(row, 'symbol'),
        price: textOf(row, 'price'),
        ...(mark === undefined ? {} : pick(mark, 'markPrice', 'indexPrice', 'lastFundingRate', 'nextFundingTime')),
      };
    });
    const text = prices.map(
      (row: Row) =>
        `${textOf(row, 'symbol')}: ${textOf(row, 'price')} (${say('mark', '标记价')} ${textOf(row, 'markPrice') || '-'}, ${say('funding', '资金费率')} ${textOf(row, 'lastFundingRate') || '-'})`,
    );
    return answer(text.join('\n') + cut(rows.length, pricesMax, say), { total: rows.length, prices });
  },
});

const tickerShape = z.looseObject({
  symbol: z.string(),
  lastPrice: decimalText,
  priceChangePercent: decimalText,
  volume: decimalText,
});

function tickerText(rows: readonly Row[], say: Say): string {
  return rows
    .map(
      (row) =>
        `${textOf(row, 'symbol')}: ${textOf(row, 'lastPrice')} (${textOf(row, 'priceChangePercent')}%), ${say('high', '最高')} ${textOf(row, 'highPrice')}, ${say('low', '最低')} ${textOf(row, 'lowPrice')}, ${say('volume', '成交量')} ${textOf(row, 'volume')}`,
    )
    .join('\n');
}

export const spot24hr = defineTool({
  name: 'binance_spot_24hr_ticker',
  risk: 'read',
  title: (say) => say('Spot 24 h statistics', '现货 24 小时行情'),
  description: (say) =>
    say(
      '24-hour statistics of one spot pair, or short rows of the first 50.',
      '某个现货交易对的 24 小时行情,或前 50 个的简要行情。',
    ),
  input: (say) => z.strictObject({ symbol: onlySymbol(say) }),
  output: z.object({ total: z.number(), tickers: z.array(tickerShape) }),
  run: async (args, { requests, say }) => {
    const rows = rowsOf(await requests.spot('ticker24hr', { symbol: args.symbol }));
    const short = (row: Row): Row =>
      pick(
        row,
        'symbol',
        'lastPrice',
        'priceChange',
        'priceChangePercent',
        'highPrice',
        'lowPrice',
        'volume',
        'quoteVolume',
      );
    const tickers = args.symbol === undefined ? rows.slice(0, tickersMax).map(short) : rows;
    return answer(tickerText(tickers, say) + cut(rows.length, tickersMax, say), { total: rows.length, tickers });
  },
});

export const futures24hr = defineTool({
  name: 'binance_futures_24hr_ticker',
  risk: 'read',
  title: (say) => say('Futures 24 h statistics', '合约 24 小时行情'),
  description: (say) =>
    say(
      '24-hour statistics of one USDⓈ-M contract with mark price, funding rate and open interest, or short rows of the first 50.',
      '某个 U 本位合约的 24 小时行情,含标记价、资金费率和持仓量;或前 50 个的简要行情。',
    ),
  input: (say) => z.strictObject({ symbol: onlySymbol(say) }),
  output: z.object({ total: z.number(), tickers: z.array(tickerShape) }),
  run: async (args, { requests, say }) => {
    const rows = rowsOf(await requests.futuresMarket('ticker24hrPriceChangeStatistics', { symbol: args.symbol }));
    if (args.symbol === undefined) {
      const tickers = rows
        .slice(0, tickersMax)
        .map((row) =>
          pick(
            row,
            'symbol',
            'lastPrice',
            'priceChange',
            'priceChangePercent',
            'highPrice',
            'lowPrice',
            'volume',
            'quoteVolume',
          ),
        );
      return answer(tickerText(tickers, say) + cut(rows.length, tickersMax, say), { total: rows.length, tickers });
    }
    const [mark, interest] = await Promise.all([
      requests.futuresMarket('markPrice', { symbol: args.symbol }).then(asRow),
      requests.futuresMarket('openInterest', { symbol: args.symbol }).then(asRow),
    ]);
    const tickers = rows.map((row) => ({
      ...row,
      ...pick(mark, 'markPrice', 'indexPrice', 'lastFundingRate', 'nextFundingTime'),
      openInterest: textOf(interest, 'openInterest'),
    }));
    const extra = `, ${say('mark', '标记价')} ${textOf(mark, 'markPrice')}, ${say('funding', '资金费率')} ${textOf(mark, 'lastFundingRate')}, ${say('open interest', '持仓量')} ${textOf(interest, 'openInterest')}`;
    return answer(tickerText(tickers, say) + extra, { total: rows.length, tickers });
  },
});

export const exchangeInfo = defineTool({
  name: 'binance_exchange_info',
  risk: 'read',
  title: (say) => say('Exchange rules', '交易所规则'),
  description: (say) =>
    say(
      'Trading rules: with a symbol its filters (tick size, step size, minimum notional, order types), without one the rate limits and the first 20 symbols.',
      '交易规则:指定交易对时返回其过滤规则(价格步长、数量步长、最小名义价值、订单类型);否则返回限频规则和前 20 个交易对。',
    ),
  input: (say) =>
    z.strictObject({
      market: choice(say, ['spot', 'futures'], say('which market, default spot', '市场,默认 spot')).optional(),
      symbol: symbol(say, say('one pair, with its filters', '单个交易对,含过滤规则')).optional(),
    }),
  output: z.looseObject({
    market: z.string(),
    timezone: z.string(),
    serverTime: time,
    rateLimits: z.array(z.unknown()),
    symbolCount: z.number(),
    symbols: z.array(z.looseObject({ symbol: z.string(), status: z.string() })),
  }),
  run: async (args, { requests, say }) => {
    const market = args.market ?? 'spot';
    const info = asRow(
      market === 'spot'
        ? await requests.spot('exchangeInfo', { symbol: args.symbol })
        : await requests.futuresMarket('exchangeInformation'),
    );
    const all = asRows(info['symbols']);
    const found = args.symbol === undefined ? all : all.filter((row) => row['symbol'] === args.symbol);
    if (args.symbol !== undefined && found.length === 0) return unknownSymbol(args.symbol, say);
    const symbols =
      args.symbol === undefined
        ? found
            .slice(0, symbolsMax)
            .map((row) => pick(row, 'symbol', 'status', 'baseAsset', 'quoteAsset', 'permissions', 'contractType'))
        : found;
    const text = lines([
      [say('market', '市场'), market],
      [say('symbols', '交易对数'), found.length],
      ...symbols.map(
        (row) => [textOf(row, 'symbol'), args.symbol === undefined ? textOf(row, 'status') : filterText(row)] as const,
      ),
    ]);
    return answer(text + cut(found.length, symbolsMax, say), {
      market,
      ...pick(info, 'timezone', 'serverTime'),
      rateLimits: info['rateLimits'] ?? [],
      exchangeFilters: info['exchangeFilters'] ?? [],
      symbolCount: found.length,
      symbols,
    });
  },
});

function unknownSymbol(name: string, say: Say) {
  return {
    kind: 'refused' as const,
    code: -1121,
    reason: 'refused-by-exchange',
    message: say(`Invalid symbol. ${name} is not listed here`, `Invalid symbol. 此处没有 ${name}`),
    next: say('leave the symbol out to see which there are', '省略交易对可查看有哪些'),
  };
}

function filterText(row: Row): string {
  const filters = asRows(row['filters']);
  const rules = filters.map((filter) => {
    const values = Object.entries(filter).filter(([name]) => name !== 'filterType');
    return `${textOf(filter, 'filterType')} {${values.map(([name, value]) => `${name} ${scalarText(value)}`).join(', ')}}`;
  });
  return [textOf(row, 'status'), ...rules].join('; ');
}

export const serverTime = defineTool({
  name: 'binance_server_time',
  risk: 'read',
  title: (say) => say('Server time', '服务器时间'),
  description: (say) =>
    say(
      "The exchange's clock, this machine's clock, and their difference with the round trip it was measured over.",
      '交易所时间、本机时间、两者之差以及测量的往返时间。',
    ),
  input: () => z.strictObject({}),
  output: z.object({
    serverTime: time,
    localTime: time,
    timeDifference: z.number().describe('server minus local, milliseconds, at the middle of the round trip'),
    roundTrip: z.number().describe('milliseconds'),
  }),
  run: async (_args, { requests, say, now }) => {
    const before = now();
    const reply = asRow(await requests.spot('time'));
    const after = now();
    const server = needNumber(reply, 'serverTime');
    const localTime = Math.round((before + after) / 2);
    return answer(
      lines([
        [say('exchange', '交易所'), new Date(server).toISOString()],
        [say('here', '本机'), new Date(localTime).toISOString()],
        [say('difference', '时差'), `${server - localTime} ms`],
        [say('round trip', '往返'), `${after - before} ms`],
      ]),
      { serverTime: server, localTime, timeDifference: server - localTime, roundTrip: after - before },
    );
  },
});
