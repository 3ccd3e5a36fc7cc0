/** binance_futures_change_leverage and binance_futures_set_margin_type. */
import * as z from 'zod';
import { ExchangeFault, isCode } from '../../exchange/fault.ts';
import { asRow, asRows, numberOf, type Row, textOf, unreadable } from '../../exchange/rows.ts';
import { guardChange } from '../../guards.ts';
import { choice, dryRun, symbol, whole } from '../../inputs.ts';
import { askAgain } from '../../reconcile.ts';
import { answer, defineTool, refuse, type ToolContext } from '../../tool.ts';
import { decimalText } from '../shapes.ts';

interface SymbolConfig {
  readonly leverage: number | undefined;
  readonly marginType: string;
}

async function symbolConfig(symbolName: string, context: ToolContext): Promise<SymbolConfig> {
  const row = await configRow(symbolName, context);
  if (row === undefined) throw new ExchangeFault({ kind: 'refused', code: -1121, message: 'Invalid symbol.' });
  return configOf(row);
}

async function configRow(symbolName: string, { requests }: ToolContext): Promise<Row | undefined> {
  const rows = asRows(await requests.futures('symbolConfig', { symbol: symbolName }));
  return rows.find((each) => each['symbol'] === symbolName);
}

/**
 * After a lost answer the setting itself is asked: setting it twice would be harmless, guessing is not.
 * @returns the setting when it is as wanted, undefined when it is not or cannot be seen
 */
async function asSet(
  symbolName: string,
  wanted: Partial<SymbolConfig>,
  context: ToolContext,
): Promise<Row | undefined> {
  const fits = (row: Row): boolean => {
    const now = configOf(row);
    return (
      (wanted.leverage ?? now.leverage) === now.leverage && (wanted.marginType ?? now.marginType) === now.marginType
    );
  };
  const found = await askAgain(context, () => configRow(symbolName, context), fits);
  return found !== undefined && fits(found) ? found : undefined;
}

function configOf(row: Row): SymbolConfig {
  const marginType = textOf(row, 'marginType').toUpperCase();
  return {
    leverage: numberOf(row, 'leverage') ?? (Number(textOf(row, 'leverage')) || undefined),
    marginType: marginType === 'CROSS' ? 'CROSSED' : marginType,
  };
}

export const changeLeverage = defineTool({
  name: 'binance_futures_change_leverage',
  risk: 'change',
  idempotent: true,
  title: (say) => say('Change leverage', '调整杠杆'),
  description: (say) =>
    say(
      'Changes the leverage of one USDⓈ-M contract. It acts on the open position and open orders too: their margin is computed anew at once.',
      '调整一个 U 本位合约的杠杆。现有持仓和挂单也受影响:其保证金会立即重新计算。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(say),
      leverage: whole(
        say,
        1,
        125,
        say('new leverage, 1 to 125; the symbol may allow less', '新杠杆,1 到 125;交易对可能限制更低'),
      ),
      dryRun: dryRun(say),
    }),
  output: z.looseObject({
    symbol: z.string(),
    leverage: z.number(),
    maxNotionalValue: decimalText,
    reconciled: z.boolean().describe('true: the answer was lost and the setting was queried'),
  }),
  run: async (args, context) => {
    const { say, requests } = context;
    const refused = guardChange(context, { symbol: args.symbol, dryRun: args.dryRun === true });
    if (refused !== undefined) return refused;
    if (args.dryRun === true) {
      const now = await symbolConfig(args.symbol, context);
      return answer(
        say(
          `dry run, checked locally: ${args.symbol} leverage is ${now.leverage}x and would become ${args.leverage}x; brackets and margin were not checked`,
          `演练(本地检查):${args.symbol} 当前杠杆 ${now.leverage}x,将改为 ${args.leverage}x;未检查档位和保证金`,
        ),
        { dryRun: { checkedBy: 'local', before: now.leverage ?? null, after: args.leverage } },
      );
    }
    let row = { symbol: args.symbol, leverage: args.leverage, maxNotionalValue: '' };
    let reconciled = false;
    try {
      const reply = asRow(
        await requests.futures('changeLeverage', { symbol: args.symbol, leverage: String(args.leverage) }),
      );
      if (numberOf(reply, 'leverage') !== args.leverage) throw unreadable('it does not say that the leverage is set');
      row = { ...row, maxNotionalValue: textOf(reply, 'maxNotionalValue') };
    } catch (error) {
      if (!(error instanceof ExchangeFault) || error.kind !== 'unknown') throw error;
      const found = await asSet(args.symbol, { leverage: args.leverage }, context);
      if (found === undefined) throw error;
      row = { ...row, maxNotionalValue: textOf(found, 'maxNotionalValue') };
      reconciled = true;
    }
    const note = reconciled ? say(' (reconciled)', '(经核实)') : '';
    return answer(
      say(
        `${row.symbol} leverage is ${row.leverage}x${note}, largest notional ${row.maxNotionalValue || '?'}`,
        `${row.symbol} 杠杆为 ${row.leverage}x${note},最大名义价值 ${row.maxNotionalValue || '?'}`,
      ),
      {
        ...row,
        reconciled,
      },
    );
  },
});

export const setMarginType = defineTool({
  name: 'binance_futures_set_margin_type',
  risk: 'change',
  idempotent: true,
  title: (say) => say('Set margin type', '设置保证金模式'),
  description: (say) =>
    say(
      'Sets one USDⓈ-M contract to ISOLATED or CROSSED margin. Refused while the symbol has open orders or a position. Already being so counts as success, unchanged.',
      '将一个 U 本位合约设为逐仓 ISOLATED 或全仓 CROSSED。有挂单或持仓时会被拒绝。已是该模式则视为成功且未改动。',
    ),
  input: (say) =>
    z.strictObject({
      symbol: symbol(say),
      marginType: choice(say, ['ISOLATED', 'CROSSED'], say('margin type', '保证金模式')),
      dryRun: dryRun(say),
    }),
  output: z.object({ symbol: z.string(), marginType: z.string(), changed: z.boolean(), reconciled: z.boolean() }),
  run: async (args, context) => {
    const { say, requests } = context;
    const refused = guardChange(context, { symbol: args.symbol, dryRun: args.dryRun === true });
    if (refused !== undefined) return refused;
    if ((await requests.kind()) === 'portfolio') {
      return refuse({
        reason: 'not-for-portfolio-margin',
        message: say(
          'a portfolio-margin account is cross margin only; nothing was sent',
          '统一账户只支持全仓;未发送任何请求',
        ),
        next: say('leave it, or use a classic account', '无需更改,或使用经典账户'),
      });
    }
    const reply = (changed: boolean, reconciled: boolean) =>
      answer(
        changed
          ? say(
              `${args.symbol} is ${args.marginType} now${reconciled ? ' (reconciled)' : ''}`,
              `${args.symbol} 已设为 ${args.marginType}${reconciled ? '(经核实)' : ''}`,
            )
          : say(
              `${args.symbol} was ${args.marginType} already; unchanged`,
              `${args.symbol} 已经是 ${args.marginType};未改动`,
            ),
        { symbol: args.symbol, marginType: args.marginType, changed, reconciled },
      );
    if (args.dryRun === true) {
      const now = await symbolConfig(args.symbol, context);
      return answer(
        say(
          `dry run, checked locally: ${args.symbol} is ${now.marginType} and would become ${args.marginType}; open orders and positions were not checked`,
          `演练(本地检查):${args.symbol} 当前为 ${now.marginType},将改为 ${args.marginType};未检查挂单和持仓`,
        ),
        { dryRun: { checkedBy: 'local', before: now.marginType, after: args.marginType } },
      );
    }
    try {
      const said = asRow(
        await requests.futures('changeMarginType', { symbol: args.symbol, marginType: args.marginType }),
      );
      if (textOf(said, 'code') !== '200') throw unreadable('it does not say that the margin type is set');
      return reply(true, false);
    } catch (error) {
      if (isCode(error, -4046)) return reply(false, false);
      if (!(error instanceof ExchangeFault) || error.kind !== 'unknown') throw error;
      if ((await asSet(args.symbol, { marginType: args.marginType }, context)) === undefined) throw error;
      return reply(true, true);
    }
  },
});
