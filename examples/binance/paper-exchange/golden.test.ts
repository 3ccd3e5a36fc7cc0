import { describe, expect, it } from 'vitest';
import { decimal, formatDecimal, mul } from './engine/decimal.ts';
import { MAJOR_BRACKETS, maintenanceMargin } from './engine/instruments.ts';
import { assumedShortPrice, liquidationPrice, openLoss, priceInBracket } from './engine/margin.ts';
import { fundingPayment } from './engine/positions.ts';
import { Desk } from './test/harness.ts';

const tidy = (units: bigint): string => formatDecimal(units, 8).replace(/\.?0+$/, '');

/** Mark and last at `price`, a wallet of 1000 and 10x, as most of the examples assume. */
function desk(price = '45000'): Desk {
  const made = new Desk();
  made.price(price);
  made.leverage(10);
  made.wallet('1000');
  return made;
}

/** A position at exactly `entry` with the wallet set afterwards, so that fees do not show. */
function holding(
  made: Desk,
  side: 'BUY' | 'SELL',
  quantity: string,
  entry: string,
  more: Record<string, string> = {},
): void {
  const order = made.limit(side, quantity, entry, more) as { orderId: number };
  made.fill(order.orderId);
}

describe('the worked examples', () => {
  it('E1 locks 4.5 USDT for 0.001 BTC at 45,000 and 10x, and releases it on cancel', () => {
    const made = new Desk();
    made.leverage(10);
    made.wallet('1000');
    const order = made.limit('BUY', '0.001', '45000');
    expect(made.position()).toMatchObject({
      openOrderInitialMargin: '4.50000000',
      positionInitialMargin: '0.00000000',
    });
    expect(made.balances()).toMatchObject({
      availableBalance: '995.50000000',
      totalOpenOrderInitialMargin: '4.50000000',
    });
    expect(made.ok('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: order.orderId })).toMatchObject({
      status: 'CANCELED',
      executedQty: '0.000',
    });
    expect(made.balances()).toMatchObject({
      availableBalance: '1000.00000000',
      totalOpenOrderInitialMargin: '0.00000000',
    });
    expect(made.position()).toBeUndefined();
  });

  it('E2 releases 27 USDT when the rest of a partly filled order is cancelled', () => {
    const made = desk();
    const order = made.limit('BUY', '0.010', '45000');
    expect(order.status).toBe('NEW');
    expect(made.balances()).toMatchObject({ availableBalance: '955.00000000' });
    made.fill(order.orderId, '0.004');
    expect(made.balances()).toMatchObject({ totalWalletBalance: '999.96400000', availableBalance: '954.96400000' });
    expect(made.position()).toMatchObject({
      positionInitialMargin: '18.00000000',
      openOrderInitialMargin: '27.00000000',
    });
    const cancelled = made.ok('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: order.orderId });
    expect(cancelled).toMatchObject({ status: 'CANCELED', executedQty: '0.004' });
    expect(made.balances()).toMatchObject({
      availableBalance: '981.96400000',
      totalPositionInitialMargin: '18.00000000',
    });
  });

  it.each([
    ['BUY', '46.00000000', '0'],
    ['SELL', '44.00000000', '2'],
  ])('E3 with orders on both sides, cancelling the %s leaves %s locked (released %s)', (first, left) => {
    const made = desk();
    const ids: Record<string, number> = {
      BUY: made.limit('BUY', '0.010', '44000').orderId,
      SELL: made.limit('SELL', '0.010', '46000').orderId,
    };
    expect(made.position().openOrderInitialMargin).toBe('46.00000000');
    made.ok('DELETE', '/fapi/v1/order', { symbol: 'BTCUSDT', orderId: ids[first] });
    expect(made.position().openOrderInitialMargin).toBe(left);
    made.ok('DELETE', '/fapi/v1/allOpenOrders', { symbol: 'BTCUSDT' });
    expect(made.balances().availableBalance).toBe('1000.00000000');
  });

  it.each([
    ['0.010', '0.00000000'],
    ['0.020', '2.00000000'],
    ['0.030', '48.00000000'],
  ])('E4 against a long of 0.010, a SELL of %s at 46,000 locks %s', (quantity, locked) => {
    const made = desk();
    holding(made, 'BUY', '0.010', '45000');
    made.limit('SELL', quantity, '46000');
    expect(made.position().openOrderInitialMargin).toBe(locked);
  });

  it('E5 a cross long of 0.2 at 45,000 with a wallet of 1000 is liquidated at 40,160.64257028', () => {
    const made = desk();
    holding(made, 'BUY', '0.200', '45000');
    made.wallet('1000');
    expect(made.position().liquidationPrice).toBe('40160.64257028');
  });

  it.each([
    ['BUY', '40662.65060241'],
    ['SELL', '49302.78884462'],
  ] as const)('E6 an isolated %s of 0.2 at 45,000 and 10x is liquidated at %s', (side, price) => {
    const made = desk();
    made.ok('POST', '/fapi/v1/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' });
    holding(made, side, '0.200', '45000');
    expect(made.position()).toMatchObject({ isolatedWallet: '900.00000000', liquidationPrice: price });
  });

  it('E7 hedge legs of 0.2 long at 45,000 and 0.05 short at 46,000 share one liquidation price', () => {
    const made = desk();
    made.ok('POST', '/fapi/v1/positionSide/dual', { dualSidePosition: true });
    made.leverage(50);
    holding(made, 'BUY', '0.200', '45000', { positionSide: 'LONG' });
    holding(made, 'SELL', '0.050', '46000', { positionSide: 'SHORT' });
    made.wallet('1000');
    const rows = made.ok('GET', '/fapi/v3/positionRisk', { symbol: 'BTCUSDT' }) as { liquidationPrice: string }[];
    expect(rows.map((row) => row.liquidationPrice)).toEqual(['38255.03355705', '38255.03355705']);
  });

  it.each([
    ['BTC', '109.488', '32481.98', '0.025', '16300', '356512.508', '-448192.89', '26316.89'],
    ['ETH', '3683.979', '1456.84', '0.1', '135365', '71200.81144', '-56354.57', '1153.26'],
  ])('E8 the %s leg of the published example is liquidated where Binance says', (...row) => {
    const [, quantity, entry, rate, cum, otherMaintenance, otherUnrealized, expected] = row;
    const size = decimal(quantity);
    const price = priceInBracket(
      {
        wallet: decimal('1535443.01'),
        otherMaintenance: decimal(otherMaintenance),
        otherUnrealized: decimal(otherUnrealized),
        legs: [{ quantity: size, cost: mul(size, decimal(entry)) }],
        brackets: [],
      },
      { bracket: 1, leverage: 1, floor: 0n, cap: 0n, rate: decimal(rate), cum: decimal(cum) },
    );
    expect(formatDecimal(price ?? 0n, 2)).toBe(expected);
  });

  it('E9 2.5 BTC at a mark of 43,285.75 pays 13.526796875 at 0.0125 %, nine times 121.741171875', () => {
    const notional = mul(decimal('2.5'), decimal('43285.75'));
    expect(tidy(notional)).toBe('108214.375');
    // Nine decimals do not fit; the ledger rounds half to even at the eighth.
    expect(tidy(fundingPayment(notional, decimal('0.000125')))).toBe('13.52679688');
    expect(tidy(fundingPayment(notional * 9n, decimal('0.000125')))).toBe('121.74117188');
  });

  it('E9 settles through the exchange: a long pays, and the wallet shows it', () => {
    const made = desk('43285.7');
    made.wallet('20000');
    holding(made, 'BUY', '2.500', '43285.7');
    made.wallet('20000');
    made.paper('price', { symbol: 'BTCUSDT', price: '43285.7', mark: '43285.75' });
    made.paper('funding', { symbol: 'BTCUSDT', rate: '0.000125', settle: true });
    expect(made.balances().totalWalletBalance).toBe('19986.47320312');
  });

  it('E10 the cost of opening 1 BTC at 9,253.30 with 20x', () => {
    const price = decimal('9253.30');
    const mark = decimal('9259.84');
    expect(tidy(price / 20n)).toBe('462.665');
    expect(openLoss('BUY', decimal('1'), mark, price)).toBe(0n);
    const assumed = assumedShortPrice({ last: decimal('9258.99'), mark, order: price });
    expect(tidy(assumed)).toBe('9272.878485');
    expect(tidy(assumed / 20n)).toBe('463.64392425');
    expect(tidy(openLoss('SELL', decimal('1'), mark, price))).toBe('6.54');
  });

  it.each([
    ['500000', '3700'],
    ['264000', '1340'],
    ['-264000', '1340'],
  ])('E11 a notional of %s needs %s maintenance margin', (notional, margin) => {
    expect(tidy(maintenanceMargin(MAJOR_BRACKETS, decimal(notional)))).toBe(margin);
  });

  it('E12 a taker round trip of 0.01 BTC from 45,010 to 45,510 leaves 1004.5474', () => {
    const made = desk('45009.9');
    const market = { symbol: 'BTCUSDT', type: 'MARKET', quantity: '0.010', newOrderRespType: 'RESULT' };
    expect(made.ok('POST', '/fapi/v1/order', { ...market, side: 'BUY' })).toMatchObject({
      status: 'FILLED',
      avgPrice: '45010.00000000',
    });
    made.price('45510.1');
    expect(made.ok('POST', '/fapi/v1/order', { ...market, side: 'SELL' })).toMatchObject({
      avgPrice: '45510.00000000',
    });
    expect(made.balances().totalWalletBalance).toBe('1004.54740000');
    const incomes = made.ok('GET', '/fapi/v1/income', { symbol: 'BTCUSDT' }) as {
      incomeType: string;
      income: string;
    }[];
    expect(incomes.map((row) => [row.incomeType, row.income])).toEqual([
      ['COMMISSION', '-0.22505000'],
      ['REALIZED_PNL', '5.00000000'],
      ['COMMISSION', '-0.22755000'],
    ]);
  });

  it('chooses the bracket at the liquidation price, not at today’s price', () => {
    const quantity = decimal('6');
    const at = liquidationPrice({
      wallet: decimal('80000'),
      otherMaintenance: 0n,
      otherUnrealized: 0n,
      legs: [{ quantity, cost: mul(quantity, decimal('50000')) }],
      brackets: MAJOR_BRACKETS,
    });
    const loss = mul(quantity, at) - mul(quantity, decimal('50000'));
    const balance = decimal('80000') + loss;
    expect(balance - maintenanceMargin(MAJOR_BRACKETS, mul(quantity, at))).toBeLessThan(10n);
  });
});
