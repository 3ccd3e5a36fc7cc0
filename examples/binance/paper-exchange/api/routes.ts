/** Every Binance route the paper exchange answers. */

import { futuresAccountRoutes } from './futures-account.ts';
import { futuresMarketRoutes } from './futures-market.ts';
import { futuresOrderRoutes } from './futures-orders.ts';
import type { Route } from './route.ts';

export const allRoutes: readonly Route[] = [
  ...futuresMarketRoutes,
  ...futuresOrderRoutes('classic'),
  ...futuresAccountRoutes,
];
