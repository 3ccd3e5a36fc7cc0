import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PostgresLimitStore } from '../../src/storage/postgres/limit-store.ts';
import { demand } from './model.ts';
import { type Server, serverKinds } from './servers.ts';

const start = serverKinds.find(({ name }) => name === 'postgres')?.start;

/** What a connection has compiled and planned is its own, so that each of them must have been used once. */
test.runIf(start !== undefined)('what calls ask is prepared on every connection before the first call', async () => {
  const warnings: string[] = [];
  const store = await PostgresLimitStore.open({ url: server.url, warn: (sentence) => warnings.push(sentence) });
  try {
    const { rows } = await admin.query<{ query: string }>(
      "SELECT query FROM pg_stat_activity WHERE application_name = 'sallyport' AND state = 'idle'",
    );
    expect(rows.map(({ query }) => query)).toEqual(['ROLLBACK', 'ROLLBACK', 'ROLLBACK', 'ROLLBACK']);
    for (const table of ['limit_log', 'limit_leases', 'limit_buckets', 'limit_windows']) {
      expect((await admin.query(`SELECT * FROM sallyport.${table}`)).rows, table).toEqual([]);
    }
    expect((await store.reserve([demand('one', '1', 60_000)])).kind).toBe('reserved');
    expect((await store.reserve([demand('one', '1', 60_000)])).kind).toBe('exceeded');
    expect(warnings).toEqual([]);
  } finally {
    await store.close();
  }
});

let server: Server;
let admin: pg.Client;
beforeAll(async () => {
  if (start === undefined) return;
  server = await start();
  admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
});
afterAll(async () => {
  await admin?.end();
  await server?.stop();
});
