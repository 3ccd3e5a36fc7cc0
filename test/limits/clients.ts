/**
 * One gateway of several, as a process: 64 clients at once ask the same limits until each was refused, and go on where
 * the store was too slow to answer. Prints how many calls were admitted, and how much was spent. Started by processes.test.ts.
 */
import { decimalText } from '../../src/stages/limits/demand.ts';
import { type LimitStore, LimitStoreUnreachable, type Reservation } from '../../src/stages/limits/limit-store.ts';
import { PostgresLimitStore } from '../../src/storage/postgres/limit-store.ts';
import { RedisLimitStore } from '../../src/storage/redis/limit-store.ts';
import { ledgerStore } from './ledger-store.ts';
import { demand } from './model.ts';

const CLIENTS = 64;
const [kind = '', address = '', calls = '', spend = ''] = process.argv.slice(2);
const store = await open();
let admitted = 0;
let spent = 0n;
await Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(i)));
await store.close();
process.stdout.write(`${JSON.stringify({ admitted, spent: decimalText(spent) })}\n`);

async function client(i: number): Promise<void> {
  const demands = [
    demand('calls', calls, 3_600_000),
    demand('spend', spend, ['month', 'UTC'], { amount: i % 2 === 0 ? '0.1' : '0.3' }),
  ];
  for (;;) {
    let reservation: Reservation | undefined;
    try {
      const reserving = await store.reserve(demands);
      if (reserving.kind === 'exceeded') return;
      ({ reservation } = reserving);
      if (!(await store.confirm(reservation))) continue;
      admitted++;
      spent += demands[1]?.amount ?? 0n;
    } catch (fault) {
      if (!(fault instanceof LimitStoreUnreachable)) throw fault;
      if (reservation !== undefined) await withdraw(reservation);
    }
  }
}

/** Not confirmed, or nobody knows: as a gateway does it, what is not sent is given back. */
async function withdraw(reservation: Reservation): Promise<void> {
  for (;;) {
    try {
      return await store.giveBack(reservation);
    } catch (fault) {
      if (!(fault instanceof LimitStoreUnreachable)) throw fault;
    }
  }
}

async function open(): Promise<LimitStore> {
  const options = { url: address, warn: () => {}, leaseMs: 2_000 };
  switch (kind) {
    case 'sqlite':
      return ledgerStore(address, () => Date.now());
    case 'redis':
      return RedisLimitStore.open(options);
    case 'postgres':
      return PostgresLimitStore.open(options);
    default:
      throw new Error(`no store \`${kind}\``);
  }
}
