import type { DatabaseSync } from 'node:sqlite';
import type { SessionStore, StoredSession } from '../../stages/session/session-table.ts';

type Row = Omit<StoredSession, 'upstream' | 'createdAt' | 'usedAt'> & {
  upstream: string | null;
  created: number;
  used: number;
};

/**
 * Sessions in the file of the trail. On a disk that takes no more only a new session fails: those that are under way
 * go on, and what could not be written is made good with the next sweep. `onFault` hears of it.
 */
export function sqliteSessions(db: DatabaseSync, onFault: (fault: unknown) => void): SessionStore {
  /** Ended, and in the file still. */
  const ended = new Set<string>();
  const written = (write: () => void): boolean => {
    try {
      write();
      return true;
    } catch (fault) {
      onFault(fault);
      return false;
    }
  };
  const find = db.prepare('SELECT * FROM sessions WHERE digest = ?');
  const save = db.prepare(
    'INSERT OR REPLACE INTO sessions (digest, caller, server, revision, initialize, upstream, state, created, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const touch = db.prepare('UPDATE sessions SET used = ? WHERE digest = ?');
  const setUpstream = db.prepare('UPDATE sessions SET upstream = ? WHERE digest = ?');
  const remove = db.prepare('DELETE FROM sessions WHERE digest = ?');
  const removeIdle = db.prepare('DELETE FROM sessions WHERE used < ?');
  return {
    find(digest) {
      const row = ended.has(digest) ? undefined : (find.get(digest) as Row | undefined);
      if (row === undefined) return undefined;
      const { created, used, upstream, ...same } = row;
      return { ...same, upstream: upstream ?? undefined, createdAt: created, usedAt: used };
    },
    save(session) {
      const { digest, caller, server, revision, initialize, upstream, state, createdAt, usedAt } = session;
      try {
        save.run(digest, caller, server, revision, initialize, upstream ?? null, state, createdAt, usedAt);
      } catch (fault) {
        onFault(fault);
        throw fault;
      }
    },
    touch(digest, usedAt) {
      written(() => touch.run(usedAt, digest));
    },
    setUpstream(digest, upstream) {
      written(() => setUpstream.run(upstream ?? null, digest));
    },
    remove(digest) {
      if (!written(() => remove.run(digest))) ended.add(digest);
    },
    removeIdle(before) {
      for (const digest of ended) if (written(() => remove.run(digest))) ended.delete(digest);
      written(() => removeIdle.run(before));
    },
  };
}
