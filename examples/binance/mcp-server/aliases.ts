/**
 * The sixteen names that the original's README promised and its code never had, as an opt-in (BINANCE_README_ALIASES=1).
 * Each is another name of one of the 35 and says which; a rule for the 35 does not cover them by itself.
 */
import type * as z from 'zod';
import { type Row, scalarText } from './exchange/rows.ts';
import type { Tool } from './tool.ts';
import { futuresPositions } from './tools/account.ts';
import { compareSpotFutures } from './tools/advanced/compare.ts';
import { changeLeverage } from './tools/futures/leverage.ts';
import { placeOrder } from './tools/futures/place.ts';
import { futuresPrice, spot24hr, spotPrice } from './tools/market-prices.ts';
import { spotKlines, spotOrderbook } from './tools/market-series.ts';
import { spotPlaceOrder } from './tools/spot/place.ts';

/** @param fixed arguments that the name itself decides; the caller cannot give them */
function alias(name: string, of: Tool, fixed: Row = {}): Tool {
  const omitted = Object.fromEntries(Object.keys(fixed).map((field) => [field, true])) as Parameters<
    z.ZodObject['omit']
  >[0];
  const input: Tool['input'] = (say) => of.input(say).omit(omitted);
  const says = Object.entries(fixed).map(([field, value]) => `${field} ${scalarText(value)}`);
  const with_ = says.length === 0 ? '' : ` (${says.join(', ')})`;
  return {
    ...of,
    name,
    title: (say) => `${of.title(say)}${with_}`,
    description: (say) =>
      `${say(`Alias of ${of.name}${with_}.`, `${of.name}${with_} 的别名。`)} ${of.description(say)}`,
    input,
    prepare: (given, language, say) => {
      input(say).parse(given, { reportInput: true });
      return of.prepare({ ...(given as Row), ...fixed }, language, say);
    },
  };
}

export const aliasTools: readonly Tool[] = [
  alias('binance_spot_buy', spotPlaceOrder, { side: 'BUY' }),
  alias('binance_spot_sell', spotPlaceOrder, { side: 'SELL' }),
  alias('binance_futures_buy', placeOrder, { side: 'BUY' }),
  alias('binance_futures_sell', placeOrder, { side: 'SELL' }),
  alias('binance_futures_position_info', futuresPositions),
  alias('binance_futures_set_leverage', changeLeverage),
  alias('binance_get_price', spotPrice),
  alias('binance_get_24hr_ticker', spot24hr),
  alias('binance_get_orderbook', spotOrderbook),
  alias('binance_get_klines', spotKlines),
  alias('binance_get_all_prices', spotPrice),
  alias('binance_futures_prices', futuresPrice),
  alias('binance_get_market_summary', spot24hr),
  alias('binance_compare_symbols', spot24hr),
  alias('binance_check_arbitrage_opportunities', compareSpotFutures),
  alias('binance_analyze_price_action', spotKlines),
];
