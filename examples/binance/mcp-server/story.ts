/**
 * A trading day through a plain MCP client that knows nothing but tools/list: look, size, place, cancel, trade, protect,
 * close, and see what it cost.
 *
 *     npm run story -w examples/binance            # on the embedded paper exchange
 *     node mcp-server/story.ts --exchange URL      # on another paper exchange
 *
 * Exit 0 when every step did what it should, 1 at the first that did not.
 */
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Step {
  readonly title: string;
  readonly tool: string;
  readonly args: (known: Known) => Record<string, unknown>;
  /** @returns what is wrong with the answer, or undefined */
  readonly check: (answer: Answer, known: Known) => string | undefined;
}

/** What earlier steps found out. */
type Known = Record<string, string>;
type Answer = Readonly<Record<string, unknown>>;

const BTC = { symbol: 'BTCUSDT' };

const steps: readonly Step[] = [
  {
    title: 'where am I?',
    tool: 'binance_account_status',
    args: () => ({}),
    check: (answer) => expect(answer, 'mode', 'paper'),
  },
  {
    title: 'what do I have?',
    tool: 'binance_portfolio_account',
    args: () => ({}),
    check: (answer) => expect(answer, 'accountKind', 'classic'),
  },
  {
    title: 'what does it cost?',
    tool: 'binance_futures_price',
    args: () => BTC,
    check: (answer, known) => {
      known['price'] = at(answer, 'prices', 0, 'price');
      return Number(known['price']) > 0 ? undefined : 'no price';
    },
  },
  {
    title: 'ten times leverage',
    tool: 'binance_futures_change_leverage',
    args: () => ({ ...BTC, leverage: 10 }),
    check: (answer) => expect(answer, 'leverage', 10),
  },
  {
    title: 'how much may I buy to lose 50 at most?',
    tool: 'binance_calculate_position_size',
    args: (known) => ({
      ...BTC,
      riskAmount: 50,
      entryPrice: known['price'],
      stopLossPrice: String(Math.round(Number(known['price']) * 0.98)),
      leverage: 10,
    }),
    check: (answer, known) => {
      known['quantity'] = at(answer, 'quantity');
      known['stop'] = String(Math.round(Number(known['price']) * 0.98));
      return expect(answer, 'tradable', true);
    },
  },
  {
    title: 'bid low',
    tool: 'binance_futures_place_order',
    args: () => ({ ...BTC, side: 'BUY', type: 'LIMIT', quantity: '0.001', price: '45000' }),
    check: (answer, known) => {
      known['order'] = at(answer, 'orderId');
      return expect(answer, 'status', 'NEW');
    },
  },
  {
    title: 'think again: the margin comes back',
    tool: 'binance_futures_cancel_order',
    args: (known) => ({ ...BTC, orderId: known['order'] }),
    check: (answer) => {
      const released = at(answer, 'marginChange', 'openOrderInitialMargin', 'released');
      return Number(released) === 4.5 ? undefined : `4.5 USDT should have been released, not ${released}`;
    },
  },
  {
    title: 'buy',
    tool: 'binance_futures_place_order',
    args: (known) => ({ ...BTC, side: 'BUY', type: 'MARKET', quantity: known['quantity'] }),
    check: (answer) => expect(answer, 'status', 'FILLED'),
  },
  {
    title: 'protect it',
    tool: 'binance_futures_place_order',
    args: (known) => ({ ...BTC, side: 'SELL', type: 'STOP_MARKET', stopPrice: known['stop'], closePosition: true }),
    check: (answer) => expect(answer, 'status', 'NEW'),
  },
  {
    title: 'what do I hold?',
    tool: 'binance_futures_positions',
    args: () => BTC,
    check: (answer) => expect(answer, 'count', 1),
  },
  {
    title: 'is that sound?',
    tool: 'binance_analyze_portfolio_risk',
    args: () => ({}),
    check: (answer) => expect(answer, 'riskLevel', 'LOW'),
  },
  {
    title: 'close it',
    tool: 'binance_futures_close_position',
    args: () => BTC,
    check: (answer) => expect(answer, 'closed', 1),
  },
  {
    title: 'clear the book',
    tool: 'binance_futures_cancel_all_orders',
    args: () => BTC,
    // The stop closes with the position it was to close; either way nothing may be left.
    check: (answer) => expect(answer, 'failed', 0),
  },
  {
    title: 'what did it cost?',
    tool: 'binance_futures_trade_history',
    args: () => BTC,
    check: (answer) => (Number(answer['count']) >= 2 ? undefined : 'two fills were expected'),
  },
  {
    title: 'some coins, for spot',
    tool: 'binance_spot_place_order',
    args: () => ({ ...BTC, side: 'BUY', type: 'MARKET', quoteOrderQty: '100' }),
    check: (answer) => expect(answer, 'status', 'FILLED'),
  },
  {
    title: 'and what I have now',
    tool: 'binance_spot_balances',
    args: () => ({}),
    check: (answer) => (Array.isArray(answer['balances']) ? undefined : 'no balances'),
  },
];

function expect(answer: Answer, field: string, wanted: unknown): string | undefined {
  return answer[field] === wanted
    ? undefined
    : `${field} is ${JSON.stringify(answer[field])}, not ${JSON.stringify(wanted)}`;
}

/** The text at a path of the answer; empty where there is none. */
function at(answer: Answer, ...path: readonly (string | number)[]): string {
  let value: unknown = answer;
  for (const key of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof value === 'string' ? value : '';
}

/** @param args passed on to the server @returns the step that failed and why, or undefined */
export async function story(args: readonly string[], print: (line: string) => void): Promise<string | undefined> {
  const client = new Client({ name: 'story', version: '1' });
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [main, ...args], stderr: 'ignore' }),
  );
  try {
    const offered = new Set((await client.listTools()).tools.map((tool) => tool.name));
    print(`${offered.size} tools offered`);
    const known: Known = {};
    for (const step of steps) {
      if (!offered.has(step.tool)) return `${step.title}: ${step.tool} is not offered`;
      const reply = await client.callTool({ name: step.tool, arguments: step.args(known) });
      const [first] = reply.content;
      print(`\n# ${step.title} (${step.tool})\n${first?.type === 'text' ? first.text : ''}`);
      const wrong = reply.isError === true ? 'it failed' : step.check((reply.structuredContent ?? {}) as Answer, known);
      if (wrong !== undefined) return `${step.title}: ${wrong}`;
    }
    return undefined;
  } finally {
    await client.close();
  }
}

if (import.meta.main) {
  const failed = await story(process.argv.slice(2), (line) => console.log(line));
  console.log(failed === undefined ? `\n${steps.length} steps, all as they should be` : `\nFAILED at ${failed}`);
  process.exitCode = failed === undefined ? 0 : 1;
}
