/** POST, PUT and DELETE of a listen key, for futures and for portfolio margin. */

import { keyed, type Route } from './route.ts';

export const listenKeyRoutes: readonly Route[] = ['/fapi/v1/listenKey', '/papi/v1/listenKey'].flatMap((path) => [
  keyed('POST', path, 1, ({ venue, account, sessions }) => ({ listenKey: sessions.open(account, venue.now) })),
  keyed('PUT', path, 1, ({ venue, account, sessions }) => ({ listenKey: sessions.keepAlive(account, venue.now) })),
  keyed('DELETE', path, 1, ({ account, sessions }) => {
    sessions.close(account);
    return {};
  }),
]);
