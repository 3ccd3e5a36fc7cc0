/** Makes the changes of the journal again, exactly as they were made. */

import { Refusal } from '../engine/refusal.ts';
import type { Account } from '../engine/state.ts';
import { react } from '../engine/tick.ts';
import { advance } from '../engine/venue.ts';
import { replayControl } from './control.ts';
import type { Command, Exchange } from './exchange.ts';
import { Params } from './params.ts';

/** Makes a recorded change again. A refusal then was a refusal before, so it is not an error. */
export function replay(exchange: Exchange, command: Command): void {
  const params = new Params(new Map(Object.entries(command.params)));
  if (command.route.startsWith('PAPER ')) {
    replayControl(exchange, { time: command.time, route: command.route, params });
    return;
  }
  const { venue, settings, sessions } = exchange;
  const route = exchange.routes.get(command.route);
  const account: Account | undefined = venue.accounts.get(command.account);
  if (route === undefined || route.security !== 'signed' || account === undefined) {
    throw new Error(
      `the journal names \`${command.route}\` of account ${command.account}, which this version does not know`,
    );
  }
  advance(venue, command.time);
  try {
    route.answer({ venue, account, params, settings, sessions });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return;
  }
  react(venue);
}
