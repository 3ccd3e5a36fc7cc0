import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode as encodeData, toData } from './store/snapshot.ts';
import { type Command, commands, run } from './test/commands.ts';
import { Desk } from './test/harness.ts';
import {
  conserved,
  covered,
  marginsAddUp,
  ordersConsistent,
  plainDecimals,
  positionsAddUp,
  solvent,
  uncrossed,
} from './test/invariants.ts';

/** `RUNS=1000 npx vitest run …` looks longer. */
const RUNS = { numRuns: Number(process.env['RUNS'] ?? 40) };

function twoTraders(): Desk {
  const desk = new Desk();
  desk.open();
  return desk;
}

describe('after every command of a random sequence', () => {
  it('money, margins, orders, positions and the book are consistent (1-4, 9-12, 15)', () => {
    fc.assert(
      fc.property(commands(40), (list) => {
        const desk = twoTraders();
        const seen = new Map<string, Record<string, unknown>>();
        for (const command of list) {
          const answer = run(desk, command);
          if (answer !== null) {
            expect(answer.status).toBeLessThan(500);
            plainDecimals(answer.body);
          }
          conserved(desk);
          uncrossed(desk);
          for (const account of desk.venue.accounts.values()) {
            covered(desk, account);
            marginsAddUp(desk, account);
            ordersConsistent(desk, account, seen);
            positionsAddUp(desk, account);
            solvent(desk, account);
          }
        }
      }),
      RUNS,
    );
  });

  it('a snapshot restored is the same exchange (18)', () => {
    fc.assert(
      fc.property(commands(40), commands(8), (before, after) => {
        const kept = twoTraders();
        before.forEach((command) => run(kept, command));
        const restored = twoTraders();
        restored.exchange.replaceVenue(copy(kept));
        restored.exchange.clock.state = kept.exchange.clock.state;
        const play = (desk: Desk): unknown => after.map((command) => run(desk, command)?.body ?? null);
        expect(play(restored)).toEqual(play(kept));
        expect(JSON.parse(encodeData(toData(restored.venue)))).toEqual(JSON.parse(encodeData(toData(kept.venue))));
      }),
      RUNS,
    );
  });

  it('the same seed and commands give the same replies, and orders do not move the price path (14)', () => {
    const replies = (list: readonly Command[]): string => {
      const desk = twoTraders();
      return JSON.stringify(list.map((command) => run(desk, command)?.body ?? null));
    };
    fc.assert(
      fc.property(commands(40), (list) => {
        expect(replies(list)).toBe(replies(list));
      }),
      RUNS,
    );
    const quiet = twoTraders();
    const busy = twoTraders();
    busy.ok('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '3' });
    busy.limit('BUY', '0.100', '49990');
    for (const desk of [quiet, busy]) desk.advance(3_600_000);
    const marks = (desk: Desk): unknown =>
      desk.send('GET', '/fapi/v1/klines', 'symbol=BTCUSDT&interval=1m&limit=60').body;
    expect(marks(busy)).toEqual(marks(quiet));
  });
});

function copy(desk: Desk): Desk['venue'] {
  const other = new Desk();
  other.paper('restore', { snapshot: encodeData(toData(desk.venue)) });
  return other.venue;
}
