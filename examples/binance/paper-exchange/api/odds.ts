/** The few /sapi and /dapi rows clients ask for before they trade, so that they load unconfigured. */

import { ASSETS } from '../engine/instruments.ts';
import { money } from './json.ts';
import { keyed, open, type Route, read } from './route.ts';

export const oddRoutes: readonly Route[] = [
  read('/sapi/v1/capital/config/getall', 10, ({ account }) =>
    ASSETS.map((coin) => ({
      coin,
      name: coin,
      depositAllEnable: false,
      withdrawAllEnable: false,
      free: money(account.spot.get(coin)?.free ?? 0n),
      locked: money(account.spot.get(coin)?.locked ?? 0n),
      freeze: '0',
      withdrawing: '0',
      ipoing: '0',
      ipoable: '0',
      storage: '0',
      isLegalMoney: false,
      trading: true,
      networkList: [],
    })),
  ),
  open('/sapi/v1/system/status', 1, () => ({ status: 0, msg: 'normal' })),
  keyed('GET', '/sapi/v1/margin/allPairs', 1, () => []),
  keyed('GET', '/sapi/v1/margin/isolated/allPairs', 10, () => []),
  open('/dapi/v1/ping', 1, () => ({})),
  open('/dapi/v1/time', 1, ({ venue }) => ({ serverTime: venue.now })),
  open('/dapi/v1/exchangeInfo', 1, ({ venue }) => ({
    timezone: 'UTC',
    serverTime: venue.now,
    rateLimits: [],
    exchangeFilters: [],
    symbols: [],
  })),
];
