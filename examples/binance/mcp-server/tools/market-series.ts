/** Order book and candlesticks: public, no key. */
import * as z from 'zod';
import { ExchangeFault } from '../exchange/fault.ts';
import { asRow, isList, type Json, type Row, scalarText, textOf } from '../exchange/rows.ts';
import { choice, klineIntervals, moment, symbol, whole } from '../inputs.ts';
import type { Say } from '../language.ts';
import { answer, defineTool } from '../tool.ts';
import { text } from './futures/history.ts';
import { decimalText, time } from './shapes.ts';

const depths = [5, 10, 20, 50, 100, 500, 1000, 5000] as const;
const levelShape = z.object({ price: decimalText, quantity: decimalText });
/** Levels and candles that people get to read; programs get all of them. */
const linesMax = 20;

export const spotOrderbook = defineTool({
  name: 'binance_spot_orderbook',
  risk: 'read',
  title: (say) => say('Spot order book', '现货盘口'),
  description: (say) => say('Bids and asks of one spot pair, best first.', '某个现货交易对的买卖盘,最优价在前。'),
  input: (say) =>
    z.strictObject({
      symbol: symbol(say),
      limit: z
        .literal(depths, { error: say(`must be one of ${depths.join(', ')}`, `必须是 ${depths.join('、')} 之一`) })
        .describe(say('levels a side, default 100', '每侧档数,默认 100'))
        .optional(),
    }),
  output: z.object({
    symbol: z.string(),
    lastUpdateId: z.string(),
    bids: z.array(levelShape),
    asks: z.array(levelShape),
  }),
  run: async (args, { requests, say }) => {
    const book = asRow(await requests.spot('depth', { symbol: args.symbol, limit: String(args.limit ?? 100) }));
    const bids = levels(book['bids']);
    const asks = levels(book['asks']);
    const side = (name: string, rows: readonly Row[]): string =>
      [
        `${name}:`,
        ...rows.slice(0, linesMax).map((row) => `  ${textOf(row, 'price')} x ${textOf(row, 'quantity')}`),
      ].join('\n');
    return answer(`${args.symbol}\n${side(say('asks', '卖盘'), asks)}\n${side(say('bids', '买盘'), bids)}`, {
      symbol: args.symbol,
      lastUpdateId: textOf(book, 'lastUpdateId'),
      bids,
      asks,
    });
  },
});

export function levels(side: Json | undefined): readonly { price: string; quantity: string }[] {
  return listOf(side).map((level) => {
    const [price, quantity] = listOf(level);
    return { price: scalarText(price), quantity: scalarText(quantity) };
  });
}

const klineShape = z.object({
  symbol: z.string(),
  interval: z.string(),
  count: z.number(),
  klines: z.array(
    z.object({
      openTime: time,
      open: decimalText,
      high: decimalText,
      low: decimalText,
      close: decimalText,
      volume: decimalText,
      closeTime: time,
      quoteAssetVolume: decimalText,
      numberOfTrades: z.number(),
      takerBuyBaseAssetVolume: decimalText,
      takerBuyQuoteAssetVolume: decimalText,
    }),
  ),
});

const klineInput = (say: Say) => ({
  symbol: symbol(say),
  interval: choice(say, klineIntervals, say('length of one candle', 'K 线间隔')),
  limit: whole(say, 1, 1000, say('how many at most, default 500', '最多返回多少根,默认 500')).optional(),
  startTime: moment(say, say('from, milliseconds since 1970', '开始时间,毫秒')).optional(),
  endTime: moment(say, say('until, milliseconds since 1970', '结束时间,毫秒')).optional(),
});

interface KlineArgs {
  readonly symbol: string;
  readonly interval: string;
  readonly limit?: number | undefined;
  readonly startTime?: number | undefined;
  readonly endTime?: number | undefined;
}

export const spotKlines = defineTool({
  name: 'binance_spot_klines',
  risk: 'read',
  title: (say) => say('Spot candlesticks', '现货 K 线'),
  description: (say) =>
    say('Candlesticks of one spot pair, oldest first, up to 1000.', '某个现货交易对的 K 线,最旧在前,最多 1000 根。'),
  input: (say) => z.strictObject(klineInput(say)),
  output: klineShape,
  run: async (args, { requests, say }) => klines(args, await requests.spot('klines', parameters(args)), say),
});

export const futuresKlines = defineTool({
  name: 'binance_futures_klines',
  risk: 'read',
  title: (say) => say('Futures candlesticks', '合约 K 线'),
  description: (say) =>
    say(
      'Candlesticks of one USDⓈ-M contract, oldest first, up to 1000: of the last price, or of the mark price (which has no volume).',
      '某个 U 本位合约的 K 线,最旧在前,最多 1000 根:最新成交价或标记价(标记价没有成交量)。',
    ),
  input: (say) =>
    z.strictObject({
      ...klineInput(say),
      priceType: choice(say, ['last', 'mark'], say('which price, default last', '价格类型,默认 last')).optional(),
    }),
  output: klineShape,
  run: async (args, { requests, say }) => {
    const operation = args.priceType === 'mark' ? 'markPriceKlineCandlestickData' : 'klineCandlestickData';
    return klines(args, await requests.futuresMarket(operation, parameters(args)), say);
  },
});

function parameters(args: KlineArgs) {
  return {
    symbol: args.symbol,
    interval: args.interval,
    limit: String(args.limit ?? 500),
    startTime: text(args.startTime),
    endTime: text(args.endTime),
  };
}

function klines(args: KlineArgs, reply: Json, say: Say) {
  const rows = listOf(reply).map((each) => kline(listOf(each)));
  const line = (row: ReturnType<typeof kline>): string =>
    `${new Date(row.openTime).toISOString()} ${row.open} ${row.high} ${row.low} ${row.close} ${say('volume', '成交量')} ${row.volume}`;
  const head = say(
    `${args.symbol} ${args.interval}, ${rows.length} candles (open high low close)`,
    `${args.symbol} ${args.interval},${rows.length} 根(开 高 低 收)`,
  );
  const shown = rows.slice(-linesMax);
  const more = rows.length > shown.length ? [say(`the last ${shown.length}:`, `最近 ${shown.length} 根:`)] : [];
  return answer([head, ...more, ...shown.map(line)].join('\n'), {
    symbol: args.symbol,
    interval: args.interval,
    count: rows.length,
    klines: rows,
  });
}

function kline(fields: readonly Json[]) {
  const [openTime, open, high, low, close, volume, closeTime, quoteAssetVolume, trades, takerBase, takerQuote] = fields;
  return {
    openTime: Number(openTime),
    open: scalarText(open),
    high: scalarText(high),
    low: scalarText(low),
    close: scalarText(close),
    volume: scalarText(volume),
    closeTime: Number(closeTime),
    quoteAssetVolume: scalarText(quoteAssetVolume),
    numberOfTrades: Number(trades),
    takerBuyBaseAssetVolume: scalarText(takerBase),
    takerBuyQuoteAssetVolume: scalarText(takerQuote),
  };
}

function listOf(value: Json | undefined): readonly Json[] {
  if (isList(value)) return value;
  throw new ExchangeFault({ kind: 'unknown', message: "the exchange's answer could not be read: a list was expected" });
}
