/** Every Binance route the paper exchange answers. */

import { accountRoutes } from './accounts.ts';
import { algoRoutes } from './algo-orders.ts';
import { marketRoutes } from './market-routes.ts';
import { futuresOrderRoutes, spotOrderRoutes } from './orders.ts';
import type { Route } from './route.ts';

export const allRoutes: readonly Route[] = [
  ...marketRoutes,
  ...spotOrderRoutes,
  ...futuresOrderRoutes('classic'),
  ...futuresOrderRoutes('portfolio'),
  ...algoRoutes,
  ...accountRoutes,
];
