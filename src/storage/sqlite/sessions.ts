import type { DatabaseSync } from 'node:sqlite';
import type { SessionStore, StoredSession } from '../../stages/session/session-table.ts';

type Row = Omit<StoredSession, 'upstream' | 'createdAt' | 'usedAt'> & {
  upstream: string | null;
  created: number;
  used: number;
};

export function sqliteSessions(db: DatabaseSync): SessionStore {
  const find = db.prepare('SELECT * FROM sessions WHERE digest = ?');
  const save = db.prepare(
    'INSERT OR REPLACE INTO sessions (digest, caller, server, revision, initialize, upstream, state, created, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const touch = db.prepare('UPDATE sessions SET used = ? WHERE digest = ?');
  const setUpstream = db.prepare('UPDATE sessions SET upstream = ? WHERE digest = ?');
  const remove = db.prepare('DELETE FROM sessions WHERE digest = ?');
  const removeIdle = db.prepare('DELETE FROM sessions WHERE used < ? RETURNING digest');
  return {
    find(digest) {
      const row = find.get(digest) as Row | undefined;
      if (row === undefined) return undefined;
      const { created, used, upstream, ...same } = row;
      return { ...same, upstream: upstream ?? undefined, createdAt: created, usedAt: used };
    },
    save(session) {
      const { digest, caller, server, revision, initialize, upstream, state, createdAt, usedAt } = session;
      save.run(digest, caller, server, revision, initialize, upstream ?? null, state, createdAt, usedAt);
    },
    touch(digest, usedAt) {
      touch.run(usedAt, digest);
    },
    setUpstream(digest, upstream) {
      setUpstream.run(upstream ?? null, digest);
    },
    remove(digest) {
      remove.run(digest);
    },
    removeIdle(before) {
      return (removeIdle.all(before) as { digest: string }[]).map((row) => row.digest);
    },
  };
}
