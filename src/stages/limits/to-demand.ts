import type { LimitDemand } from '../../domain/policy.ts';
import { calendarSpan } from './calendar.ts';
import { type Demand, scaled, type Window } from './demand.ts';

/** What the policy asks for, as the limit engine counts it. Throws where an amount is not exact: that refuses the call. */
export function toDemand(limit: LimitDemand): Demand {
  const max = scaled(limit.max);
  const amount = scaled(limit.amount);
  if (max === undefined || amount === undefined || max < 0n || amount < 0n) {
    throw new TypeError(`the limit ${limit.rule} has a maximum or amount that is no exact decimal ≥ 0`);
  }
  return {
    rule: limit.rule,
    bucket: `${limit.shadow ? 'shadow:' : ''}${limit.counter} ${limit.scope.join(' ')}`,
    max,
    amount,
    window: windowOf(limit.window),
    onDeny: limit.onDeny,
    shadow: limit.shadow,
  };
}

function windowOf(window: LimitDemand['window']): Window {
  switch (window.kind) {
    case 'sliding':
      return window;
    case 'calendar': {
      const { unit, timezone } = window;
      return { kind: 'calendar', name: `${unit} ${timezone}`, spanOf: (now) => calendarSpan(now, unit, timezone) };
    }
    default:
      window satisfies never;
      throw new TypeError('a window of no known kind');
  }
}
