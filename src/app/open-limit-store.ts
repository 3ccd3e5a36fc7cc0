import { Unavailable } from '../platform/unavailable.ts';
import type { LimitStore } from '../stages/limits/limit-store.ts';

/**
 * The store that `limits:` names, or undefined where the ledger counts. Adapters and their client libraries are loaded
 * only when named.
 * @throws Unavailable
 */
export async function openLimitStore(
  limits: string,
  warn: (sentence: string) => void,
): Promise<LimitStore | undefined> {
  if (limits === 'storage') return undefined;
  const options = { url: limits, warn };
  switch (limits.slice(0, limits.indexOf(':'))) {
    case 'redis':
    case 'rediss': {
      const { RedisLimitStore } = await import('../storage/redis/limit-store.ts');
      return RedisLimitStore.open(options);
    }
    case 'postgres':
    case 'postgresql': {
      const { PostgresLimitStore } = await import('../storage/postgres/limit-store.ts');
      return PostgresLimitStore.open(options);
    }
    default:
      throw new Unavailable(
        '`limits` names no store that is known',
        'write storage, redis://host:port or postgres://user@host/database',
      );
  }
}
