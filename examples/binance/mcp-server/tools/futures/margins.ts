/** A symbol's margin as the exchange itself reports it, and how it changed between two readings. Never a product of our own. */
import { add, type Decimal, fixed, isZero, show, subtract, zero } from '../../decimal.ts';
import { ExchangeFault } from '../../exchange/fault.ts';
import { amountOf, asRow, asRows, isList, type Row, textOf } from '../../exchange/rows.ts';
import { lines, type Say } from '../../language.ts';
import type { ToolContext } from '../../tool.ts';

export interface Margins {
  readonly asset: string;
  readonly openOrder: Decimal;
  readonly position: Decimal;
  readonly available: Decimal;
}

/** @throws ExchangeFault when they cannot be read */
async function readMargins(context: ToolContext, symbol: string): Promise<Margins> {
  const kind = await context.requests.kind();
  switch (kind) {
    case 'classic': {
      const [positions, account] = await Promise.all([
        context.requests.futures('positions', { symbol }),
        context.requests.futures('account'),
      ]);
      return margins(symbol, asRows(positions), amountOf(asRow(account), 'availableBalance'));
    }
    case 'portfolio': {
      const [um, account] = await Promise.all([
        context.requests.futures('account'),
        context.requests.portfolio('accountInformation'),
      ]);
      const positions = asRow(um)['positions'];
      return margins(
        symbol,
        isList(positions) ? asRows(positions) : [],
        amountOf(asRow(account), 'totalAvailableBalance'),
      );
    }
  }
}

/** A symbol without position and order has no row: that is zero. In hedge mode both legs count. */
function margins(symbol: string, positions: readonly Row[], available: Decimal): Margins {
  const rows = positions.filter((row) => row['symbol'] === symbol);
  const sum = (field: string): Decimal => rows.reduce((total, row) => add(total, amountOf(row, field)), zero);
  return {
    asset: textOf(rows[0], 'marginAsset') || assetOf(symbol),
    openOrder: sum('openOrderInitialMargin'),
    position: sum('positionInitialMargin'),
    available,
  };
}

const quoteAssets = ['USDT', 'USDC', 'FDUSD', 'BUSD', 'BTC', 'ETH', 'BNB'] as const;

function assetOf(symbol: string): string {
  const pair = symbol.split('_')[0] ?? symbol;
  return quoteAssets.find((asset) => pair.endsWith(asset)) ?? 'USDT';
}

export interface MarginChange {
  readonly row: Row;
  readonly text: string;
}

/** Compares two readings; without both of them the change is not known. */
export function marginChange(
  before: Margins | undefined,
  after: Margins | undefined,
  say: Say,
): MarginChange | undefined {
  if (before === undefined || after === undefined) return undefined;
  const asset = before.asset;
  const released = subtract(before.openOrder, after.openOrder);
  const change = subtract(after.available, before.available);
  const note = say(
    "openOrderInitialMargin is the symbol's own; availableBalance also moves with the mark price and with other fills",
    'openOrderInitialMargin 为该交易对的数值;availableBalance 还会随标记价格和其他成交变动',
  );
  const positionChange = subtract(after.position, before.position);
  return {
    row: {
      asset,
      openOrderInitialMargin: {
        before: fixed(before.openOrder),
        after: fixed(after.openOrder),
        released: fixed(released),
      },
      positionInitialMargin: { before: fixed(before.position), after: fixed(after.position) },
      availableBalance: { before: fixed(before.available), after: fixed(after.available), change: fixed(change) },
      source: 'exchange',
      note,
    },
    text: lines([
      [say('released margin', '释放保证金'), `${show(released)} ${asset}`],
      [
        say('available balance', '可用余额'),
        `${signed(change)} ${asset} (${show(before.available)} -> ${show(after.available)})`,
      ],
      [
        say('position margin', '持仓保证金'),
        isZero(positionChange) ? say('unchanged', '不变') : `${signed(positionChange)} ${asset}`,
      ],
    ]),
  };
}

/** As `readMargins`, but a failing reading neither stops a cancel nor turns a done thing into a failure. */
export async function tryMargins(context: ToolContext, symbol: string): Promise<Margins | undefined> {
  try {
    return await readMargins(context, symbol);
  } catch (error) {
    if (error instanceof ExchangeFault) return undefined;
    throw error;
  }
}

export function marginUnread(say: Say): string {
  return say('margin change: not known, a reading failed', '保证金变化:未知,查询失败');
}

function signed(amount: Decimal): string {
  return amount.units > 0n ? `+${show(amount)}` : show(amount);
}
