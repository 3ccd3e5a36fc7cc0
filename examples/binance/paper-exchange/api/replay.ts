/** Makes the changes of the journal again, exactly as they were made. */

import { Refusal } from '../engine/refusal.ts';
import { react } from '../engine/tick.ts';
import { advance } from '../engine/venue.ts';
import { recordedAction } from './control.ts';
import type { Command, Exchange } from './exchange.ts';
import { Params } from './params.ts';
import { AccountCall } from './route.ts';

/** Makes a recorded change again. A refusal then was a refusal before, so it is not an error. */
export function replay(exchange: Exchange, command: Command): void {
  const again = actionOf(exchange, command);
  advance(exchange.venue, command.time);
  try {
    again();
  } catch (error) {
    if (error instanceof Refusal) return;
    throw error;
  }
  react(exchange.venue);
}

function actionOf(exchange: Exchange, { route: name, account: id, params: values }: Command): () => unknown {
  const params = new Params(Object.entries(values));
  const action = recordedAction(name);
  if (action !== undefined) return () => action(exchange, params);
  const route = exchange.routes.get(name);
  const account = exchange.venue.accounts.get(id);
  if (route === undefined || route.security !== 'signed' || account === undefined)
    throw new Error(`the journal names \`${name}\` of account ${id}, which this version does not know`);
  return () => route.answer(new AccountCall(exchange, params, account));
}
