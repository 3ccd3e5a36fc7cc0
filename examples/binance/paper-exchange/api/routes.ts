/** Every Binance route the paper exchange answers. */

import { algoRoutes, portfolioAlgoRoutes, strategyRoutes } from './algo-orders.ts';
import { futuresAccountRoutes } from './futures-account.ts';
import { futuresMarketRoutes } from './futures-market.ts';
import { futuresOrderRoutes } from './futures-orders.ts';
import { listenKeyRoutes } from './listen-keys.ts';
import { oddRoutes } from './odds.ts';
import { portfolioRoutes } from './portfolio.ts';
import type { Route } from './route.ts';
import { spotMarketRoutes } from './spot-market.ts';
import { spotOrderRoutes } from './spot-orders.ts';

export const allRoutes: readonly Route[] = [
  ...spotMarketRoutes,
  ...spotOrderRoutes,
  ...futuresMarketRoutes,
  ...futuresOrderRoutes('classic'),
  ...futuresAccountRoutes,
  ...algoRoutes,
  ...portfolioRoutes,
  ...futuresOrderRoutes('portfolio'),
  ...portfolioAlgoRoutes,
  ...strategyRoutes,
  ...listenKeyRoutes,
  ...oddRoutes,
];
