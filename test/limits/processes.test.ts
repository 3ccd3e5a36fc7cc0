import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { decimalText, scaled } from '../../src/stages/limits/demand.ts';
import { ended, root, until } from '../support/processes.ts';
import { kinds } from './kinds.ts';
import { demand } from './model.ts';

const PROCESSES = 4;

describe.each(kinds.filter(({ name }) => name !== 'memory'))(
  '64 clients in each of 4 processes, limits in $name',
  ({ name, place: makePlace, end }) => {
    afterAll(end);

    test.each([
      ['calls', '500', '1000000'],
      ['spend', '1000000', '60.1'],
    ])('admit what the limit of %s says, exactly', async (which, calls, spend) => {
      const place = await makePlace();
      const runs = await Promise.all(
        Array.from({ length: PROCESSES }, () =>
          ended([join(root, 'test/limits/clients.ts'), name, place.address, calls, spend]),
        ),
      );
      expect(runs.map(({ code, err }) => [code, err])).toEqual(runs.map(() => [0, '']));
      const counts = runs.map(({ out }) => JSON.parse(out) as { admitted: number; spent: string });
      let admitted = counts.reduce((sum, one) => sum + one.admitted, 0);
      let spent = counts.reduce((sum, one) => sum + (scaled(one.spent) ?? 0n), 0n);

      // A slow answer leaves a reservation that nobody confirms, and what is left of the budget fits the smallest call.
      const store = await place.open(undefined, 2_000);
      const rest = [demand('calls', calls, 3_600_000), demand('spend', spend, ['month', 'UTC'], { amount: '0.1' })];
      await until('the limit to be used up', async () => {
        await store.sweep();
        const reserving = await store.reserve(rest);
        if (reserving.kind === 'exceeded') {
          const { entries } = await store.entries();
          const logged = entries.filter(({ bucket }) => bucket.includes('"calls"')).length;
          return logged === admitted;
        }
        expect(await store.confirm(reserving.reservation)).toBe(true);
        admitted++;
        spent += rest[1]?.amount ?? 0n;
        return false;
      });
      if (which === 'calls') expect(admitted).toBe(Number(calls));
      else expect(decimalText(spent)).toBe(spend);
      await place.close();
    });
  },
);
