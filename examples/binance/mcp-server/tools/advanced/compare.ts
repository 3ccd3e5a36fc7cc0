/** binance_compare_spot_futures_price and binance_calculate_funding_cost. */
import * as z from 'zod';
import {
  absolute,
  add,
  compare,
  decimal,
  exact,
  isPositive,
  isZero,
  multiply,
  round,
  show,
  subtract,
  truncate,
} from '../../decimal.ts';
import { amountOf, asRow, asRows, isList, needNumber, numberOf, type Row, textOf } from '../../exchange/rows.ts';
import { signedAmount, symbol, whole } from '../../inputs.ts';
import { lines } from '../../language.ts';
import { answer, defineTool, type ToolContext } from '../../tool.ts';
import { decimalText, time } from '../shapes.ts';
import { percent } from './filters.ts';

/** Percent beyond which the gap is called an opportunity. */
const gapPercent = decimal('0.5');
/** Spot 0.1 % and futures 0.05 % taker fee, into and out of both legs. */
const roundTripFeesPercent = decimal('0.3');
const hourMs = 3_600_000;
/** Contracts that the exchange does not list with an interval of their own settle every 8 hours. */
const fundingHoursDefault = 8;

export const compareSpotFutures = defineTool({
  name: 'binance_compare_spot_futures_price',
  risk: 'read',
  title: (say) => say('Spot against futures', '现货与合约价差'),
  description: (say) =>
    say(
      'Compares the spot and the USDⓈ-M futures price: difference, percent, premium or discount, whether the gap exceeds 0.5 %, and what is left of it after taker fees and after one funding payment. `symbol` is a base asset such as BTC (meaning BTCUSDT) or a pair such as BTCUSDT.',
      '比较现货与 U 本位合约价格:价差、百分比、升水或贴水、是否超过 0.5%,以及扣除吃单手续费和一次资金费用后的剩余。`symbol` 可为标的资产(如 BTC,即 BTCUSDT)或交易对(如 BTCUSDT)。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(
        say,
        say('base asset or pair, for example BTC or BTCUSDT', '标的资产或交易对,例如 BTC 或 BTCUSDT'),
      ),
    }),
  output: z.object({
    symbol: z.string(),
    spotPrice: decimalText,
    futuresPrice: decimalText,
    markPrice: decimalText,
    difference: decimalText.describe('futures minus spot'),
    differencePercent: decimalText,
    state: z.enum(['premium', 'discount', 'equal']),
    arbitrage: z.boolean().describe('the gap exceeds 0.5 %'),
    netPercent: decimalText.describe('gap less taker fees of both legs, in and out'),
    netAfterFundingPercent: decimalText.describe(
      'netPercent with one funding payment at the last rate, paid or received',
    ),
    lastFundingRate: decimalText,
  }),
  run: async (args, { requests, say }) => {
    const pair = args.symbol.endsWith('USDT') && args.symbol !== 'USDT' ? args.symbol : `${args.symbol}USDT`;
    const [spotRow, futuresRow, markRow] = await Promise.all([
      requests.spot('tickerPrice', { symbol: pair }).then(asRow),
      requests.futuresMarket('symbolPriceTickerV2', { symbol: pair }).then(asRow),
      requests.futuresMarket('markPrice', { symbol: pair }).then(asRow),
    ]);
    const spot = amountOf(spotRow, 'price');
    const futures = amountOf(futuresRow, 'price');
    const difference = subtract(futures, spot);
    const gap = percent(difference, spot);
    const state = isZero(difference) ? 'equal' : isPositive(difference) ? 'premium' : 'discount';
    const net = subtract(absolute(gap), roundTripFeesPercent);
    const rate = multiply(amountOf(markRow, 'lastFundingRate'), decimal('100'));
    // At a premium the contract is sold, and a short receives what a positive rate makes longs pay.
    const netAfterFunding = state === 'discount' ? subtract(net, rate) : add(net, rate);
    const words = { premium: say('premium', '升水'), discount: say('discount', '贴水'), equal: say('equal', '持平') };
    return answer(
      lines([
        [say('pair', '交易对'), pair],
        [say('spot', '现货'), show(spot)],
        [say('futures', '合约'), show(futures)],
        [say('difference', '价差'), `${show(difference)} (${show(round(gap, 4))} %, ${words[state]})`],
        [say('after fees', '扣除手续费后'), `${show(round(net, 4))} %`],
        [say('funding rate', '资金费率'), textOf(markRow, 'lastFundingRate')],
        [say('after fees and one funding', '扣除手续费和一次资金费用后'), `${show(round(netAfterFunding, 4))} %`],
      ]),
      {
        symbol: pair,
        spotPrice: textOf(spotRow, 'price'),
        futuresPrice: textOf(futuresRow, 'price'),
        markPrice: textOf(markRow, 'markPrice'),
        difference: exact(difference),
        differencePercent: exact(gap),
        state,
        arbitrage: compare(absolute(gap), gapPercent) > 0,
        netPercent: exact(net),
        netAfterFundingPercent: exact(netAfterFunding),
        lastFundingRate: textOf(markRow, 'lastFundingRate'),
      },
    );
  },
});

export const fundingCost = defineTool({
  name: 'binance_calculate_funding_cost',
  risk: 'read',
  title: (say) => say('Funding cost', '资金费用'),
  description: (say) =>
    say(
      'What holding a position costs in funding at the present rate and mark price: one payment per settlement inside the holding time. Positive: you pay; negative: you receive. The rate changes every settlement, so this is an estimate.',
      '按当前费率和标记价估算持仓的资金费用:持仓时间内每次结算支付一次。正数为支付,负数为收取。费率每次结算都会变化,因此仅为估算。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(say),
      positionSize: signedAmount(
        say,
        say('position in the base asset; negative for a short', '持仓数量(标的资产);负数为空头'),
      ),
      holdHours: whole(say, 1, 24 * 365, say('how long it will be held, hours', '持有时间,小时')),
    }),
  output: z.object({
    symbol: z.string(),
    markPrice: decimalText,
    fundingRate: decimalText,
    intervalHours: z.number(),
    nextFundingTime: time,
    settlements: z.number(),
    notional: decimalText,
    costPerSettlement: decimalText,
    totalCost: decimalText,
    pays: z.boolean(),
  }),
  run: async (args, context) => {
    const { say, requests } = context;
    const mark = asRow(await requests.futuresMarket('markPrice', { symbol: args.symbol }));
    const intervalHours = await fundingHours(args.symbol, context);
    const next = needNumber(mark, 'nextFundingTime');
    // From the exchange's own moment: this machine's clock may be another.
    const until = needNumber(mark, 'time') + args.holdHours * hourMs;
    const settlements = next === 0 || next > until ? 0 : Math.floor((until - next) / (intervalHours * hourMs)) + 1;
    const notional = multiply(amountOf(mark, 'markPrice'), decimal(args.positionSize));
    const each = multiply(notional, amountOf(mark, 'lastFundingRate'));
    const total = multiply(each, { units: BigInt(settlements), scale: 0 });
    return answer(
      lines([
        [say('contract', '合约'), args.symbol],
        [say('value', '名义价值'), show(notional)],
        [say('rate', '费率'), textOf(mark, 'lastFundingRate')],
        [
          say('settlements', '结算次数'),
          `${settlements} (${say(`every ${intervalHours} h, next`, `每 ${intervalHours} 小时,下次`)} ${new Date(next).toISOString()})`,
        ],
        [say('per settlement', '每次'), show(truncate(each, 8))],
        [
          isPositive(total) ? say('you pay', '您将支付') : say('you receive', '您将收取'),
          show(truncate(absolute(total), 8)),
        ],
      ]),
      {
        symbol: args.symbol,
        markPrice: textOf(mark, 'markPrice'),
        fundingRate: textOf(mark, 'lastFundingRate'),
        intervalHours,
        nextFundingTime: next,
        settlements,
        notional: exact(notional),
        costPerSettlement: exact(truncate(each, 12)),
        totalCost: exact(truncate(total, 12)),
        pays: isPositive(total),
      },
    );
  },
});

async function fundingHours(name: string, { requests }: ToolContext): Promise<number> {
  const reply = await requests.futuresMarket('getFundingRateInfo');
  const rows: readonly Row[] = isList(reply) ? asRows(reply) : [];
  const hours = numberOf(
    rows.find((row) => row['symbol'] === name),
    'fundingIntervalHours',
  );
  return hours !== undefined && hours > 0 ? hours : fundingHoursDefault;
}
