import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startExchange } from '../paper-exchange/index.ts';
import { readSettings } from './settings.ts';
import { openDesk } from './test/desk.ts';
import { openVenue, type Venue } from './venue.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binance-mcp-'));
});
afterAll(async () => rm(folder, { recursive: true }));

const keys = { BINANCE_API_KEY: 'k', BINANCE_API_SECRET: 's' };

async function withVenue<T>(env: Record<string, string>, work: (venue: Venue) => Promise<T>): Promise<T> {
  const venue = openVenue(readSettings([], env), () => undefined);
  try {
    return await work(venue);
  } finally {
    await venue.close();
  }
}

describe('the hosts of a mode', () => {
  it.each([
    [
      'testnet',
      { BINANCE_MCP_MODE: 'testnet', ...keys },
      ['testnet.binance.vision', 'testnet.binancefuture.com', undefined],
    ],
    ['demo', { BINANCE_MCP_MODE: 'demo', ...keys }, ['demo-api.binance.com', 'demo-fapi.binance.com', undefined]],
    [
      'live',
      { BINANCE_MCP_MODE: 'live', BINANCE_MCP_LIVE: 'yes-real-money', ...keys },
      ['api.binance.com', 'fapi.binance.com', 'papi.binance.com'],
    ],
  ])('%s', async (_mode, env, expected) => {
    await withVenue(env, async (venue) => {
      const account = await venue.account(); // opens nothing on the network
      expect(account.hasKeys).toBe(true);
      const urls = venue.urls();
      expect(
        ['spot', 'futures', 'portfolio'].map((family) =>
          urls[family] === undefined ? undefined : new URL(urls[family]).hostname,
        ),
      ).toEqual(expected);
      expect(Object.values(urls).every((url) => url === undefined || url.startsWith('https://'))).toBe(true);
    });
  });

  it('of paper is this machine', async () => {
    await withVenue({}, async (venue) => {
      await venue.account();
      expect(new URL(venue.urls()['futures'] ?? '').hostname).toBe('127.0.0.1');
    });
  });
});

it('says that a tool needs keys when there are none, before anything is sent', async () => {
  await withVenue({ BINANCE_MCP_MODE: 'testnet' }, async (venue) => {
    const account = await venue.account();
    expect(account.hasKeys).toBe(false);
    await expect(account.requests(false).futures('openOrders')).rejects.toMatchObject({
      kind: 'not-sent',
      message: expect.stringContaining('needs API keys'),
    });
  });
});

it("never lends the operator's keys to a token", async () => {
  const exchange = await startExchange();
  const token = 't'.repeat(32);
  const settings = readSettings(['--http', '0', '--exchange', exchange.url], {
    BINANCE_API_KEY: exchange.key,
    BINANCE_API_SECRET: exchange.secret,
  });
  const venue = openVenue({ ...settings, tokens: new Map([[token, undefined]]) }, () => undefined);
  const uidOf = async (mine?: string): Promise<unknown> => {
    const reply = await (await venue.account(mine)).requests(false).spot('getAccount');
    return (reply as { uid: unknown }).uid;
  };
  expect(await uidOf(token)).not.toEqual(await uidOf());
  await venue.close();
  await exchange.close();
});

describe('BINANCE_MCP_PAPER_DATA', () => {
  const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', quantity: '0.001', price: '45000' };

  it('keeps the account across restarts, for one server at a time', async () => {
    const env = { BINANCE_MCP_PAPER_DATA: join(folder, 'exchange') };
    const first = await openDesk({ env });
    const { orderId } = (await first.ok('binance_futures_place_order', order)).structured;
    const second = await openDesk({ env });
    const refused = await second.call('binance_account_info');
    expect(refused.structured.error).toMatchObject({
      reason: 'not-sent',
      message: expect.stringContaining('did not start'),
    });
    await second.close();
    await first.close();
    const again = await openDesk({ env });
    const open = await again.ok('binance_futures_open_orders', { symbol: 'BTCUSDT' });
    expect(open.structured.orders.map((row: { orderId: string }) => row.orderId)).toEqual([orderId]);
    await again.close();
  });

  it('keeps the account of each token', async () => {
    const env = { BINANCE_MCP_PAPER_DATA: join(folder, 'many') };
    const token = 't'.repeat(32);
    const keyOf = async (): Promise<unknown> =>
      withVenue(env, async (venue) => {
        const account = await venue.account(token);
        return account
          .requests(false)
          .spot('getAccount')
          .then((row) => (row as { uid: unknown }).uid);
      });
    expect(await keyOf()).toEqual(await keyOf());
  });
});
