import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Caller } from '../../domain/caller.ts';
import { openDatabase } from '../../storage/sqlite/database.ts';
import { sqliteSessions } from '../../storage/sqlite/sessions.ts';
import { digestOf, type Live, SessionTable } from './session-table.ts';

const caller = (id: string): Caller => ({
  kind: 'caller',
  id,
  grant: id,
  agent: undefined,
  groups: [],
  servers: ['up'],
});
const desk = caller('desk');
const from = { caller: desk, server: 'up', revision: '2025-11-25', initialize: {} };
const hour = 3_600_000;

let folder: string;
let db: DatabaseSync;
let now: number;
let ended: string[];
let restored: string[];
let faults: unknown[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-sessions-'));
  db = openDatabase(join(folder, 'sallyport.db'));
  now = 1_700_000_000_000;
  ended = [];
  restored = [];
  faults = [];
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

let made = 0;
const table = (sessionsMax = 3) =>
  new SessionTable(
    sqliteSessions(db, (fault) => faults.push(fault)),
    {
      sessionsMax,
      now: () => now,
      randomId: () => `secret-${++made}`,
      onEnd: (live: Live) => ended.push(live.session.id),
      onRestore: (live: Live) => restored.push(live.session.id),
    },
  );
const open = (sessions: SessionTable) => {
  const opened = sessions.open(from);
  sessions.keep(opened.live, '{}');
  return opened;
};
const find = (sessions: SessionTable, id: string, by = desk, server = 'up') =>
  sessions.find(id, by, server, () => ({}));

describe('a session', () => {
  test('is found by its secret id, which is nowhere in the store', () => {
    const sessions = table();
    const { id, live } = open(sessions);
    expect(find(sessions, id)).toBe(live);
    expect(JSON.stringify(db.prepare('SELECT * FROM sessions').all())).not.toContain(id);
    expect(live.session.id).toBe(digestOf(id).slice(0, 32));
  });

  test('is nobody else’s, and of no other server', () => {
    const sessions = table();
    const { id } = open(sessions);
    expect(find(sessions, id, caller('other'))).toBeUndefined();
    expect(find(sessions, id, desk, 'other')).toBeUndefined();
    expect(find(table(), id, caller('other'))).toBeUndefined();
    expect(find(sessions, 'secret-0')).toBeUndefined();
  });

  test('is its grant’s as that is now: groups and agent may have changed since it was opened', () => {
    const sessions = table();
    const { id, live } = open(sessions);
    const changed = { ...desk, groups: ['readers'], agent: 'night' };
    expect(find(sessions, id, changed)?.session).toEqual({ ...live.session, caller: changed });
    expect(find(sessions, id, desk)?.session.caller).toBe(desk);
  });

  test('speaks the revision its server chose', () => {
    const sessions = table();
    const { id, live } = sessions.open(from);
    sessions.renegotiated(live, '2025-06-18');
    sessions.keep(live, '{}');
    for (const one of [sessions, table()]) expect(find(one, id)?.session.revision).toBe('2025-06-18');
  });

  test('that cannot be read again is none', () => {
    const { id } = open(table());
    expect(table().find(id, desk, 'up', () => undefined)).toBeUndefined();
  });

  test('outlives the process with what it knew of its upstream', () => {
    const sessions = table();
    const { id, live } = open(sessions);
    sessions.setUpstream(live, 'upstream-1');
    const next = table();
    for (let i = 0; i < 2; i++) find(next, id);
    expect(restored.splice(0)).toEqual([live.session.id]);
    expect(find(table(), id)).toMatchObject({
      upstream: 'upstream-1',
      session: { id: live.session.id, revision: '2025-11-25' },
    });
  });

  test('lives 24 hours after its last request, here and in the store', () => {
    const sessions = table();
    const { id } = open(sessions);
    now += 23 * hour;
    expect(find(sessions, id)).toBeDefined();
    now += 23 * hour;
    expect(find(sessions, id)).toBeDefined();
    // A restart in between finds it as it was used.
    expect(find(table(), id)).toBeDefined();
    now += 24 * hour;
    expect(find(sessions, id)).toBeDefined();
    now += 24 * hour + 1;
    expect(find(sessions, id)).toBeUndefined();
    expect(sessions.size).toBe(0);
    expect(find(table(), id)).toBeUndefined();
  });

  test('is noted as used once a minute, not with every request', () => {
    const sessions = table();
    const { id } = open(sessions);
    const used = () => (db.prepare('SELECT used FROM sessions').get() as { used: number }).used;
    const opened = now;
    now += 60_000;
    find(sessions, id);
    expect(used()).toBe(opened);
    now += 1;
    find(sessions, id);
    expect(used()).toBe(now);
    const noted = now;
    now += 60_000;
    find(sessions, id);
    expect(used()).toBe(noted);
  });

  test('that is ended is gone, once', () => {
    const sessions = table();
    const { id, live } = open(sessions);
    sessions.end(live);
    sessions.end(live);
    expect(find(sessions, id)).toBeUndefined();
    expect(ended).toEqual([live.session.id]);
  });
});

describe('many sessions', () => {
  test('at the bound the longest idle one goes, never one that is busy', () => {
    const sessions = table(3);
    const [first, second, third] = [open(sessions), open(sessions), open(sessions)];
    if (first === undefined || second === undefined || third === undefined) throw new Error('none');
    first.live.busy = 1;
    now += 1_000;
    expect(find(sessions, third.id)).toBeDefined();
    open(sessions);
    expect(ended).toEqual([second.live.session.id]);
    expect(find(sessions, first.id)).toBe(first.live);
  });

  test('at the bound the longest idle one goes, whichever was opened first, and none where all are busy', () => {
    const sessions = table(2);
    const [first, second] = [open(sessions), open(sessions)];
    now += 1_000;
    expect(find(sessions, first.id)).toBeDefined();
    const third = open(sessions);
    expect(ended).toEqual([second.live.session.id]);
    for (const { live } of [first, third]) live.busy = 1;
    open(sessions);
    expect([sessions.size, ended]).toEqual([3, [second.live.session.id]]);
  });

  test('at the bound one that comes back from the store takes the place of another', () => {
    const { id } = open(table());
    now += 1_000;
    const sessions = table(2);
    const first = open(sessions);
    now += 1_000;
    open(sessions);
    expect(find(sessions, id)).toBeDefined();
    expect([sessions.size, ended]).toEqual([2, [first.live.session.id]]);
  });

  test('a sweep takes out of the store what nobody has used for a day, here or before', () => {
    open(table());
    now += 1;
    const sessions = table();
    const { live } = open(sessions);
    const stored = () => db.prepare('SELECT digest FROM sessions').all();
    now += 24 * hour;
    sessions.sweep(() => true);
    expect([stored(), sessions.size]).toEqual([[{ digest: live.digest }], 1]);
  });

  test('a sweep leaves one with a call or stream that runs', () => {
    const sessions = table();
    const { live } = open(sessions);
    live.busy = 1;
    now += 25 * hour;
    sessions.sweep(() => true);
    expect([...sessions.values()]).toEqual([live]);
    live.busy = 0;
    sessions.sweep(() => true);
    expect([sessions.size, ended]).toEqual([0, [live.session.id]]);
  });

  test('a sweep ends those whose grant is gone and those idle for a day, and leaves the others', () => {
    const sessions = table();
    const kept = open(sessions);
    const idle = open(sessions);
    now += 25 * hour;
    const fresh = open(sessions);
    kept.live.usedAt = now;
    sessions.sweep(() => true);
    expect(ended).toEqual([idle.live.session.id]);
    sessions.sweep(() => false);
    expect(ended).toEqual([idle.live.session.id, kept.live.session.id, fresh.live.session.id]);
  });
});

describe('a disk that takes no more', () => {
  test('sessions under way go on; one that ends stays ended, and leaves the store when it can', () => {
    const sessions = table();
    const { id, live } = open(sessions);
    const other = open(sessions);
    db.exec('PRAGMA query_only=1');
    now += 2 * 60_000;
    expect(find(sessions, id)).toBe(live);
    sessions.setUpstream(live, 'u1');
    sessions.end(other.live);
    expect(find(sessions, other.id)).toBeUndefined();
    sessions.sweep(() => true);
    expect(() => open(sessions)).toThrow(/readonly/);
    expect(faults.length).toBeGreaterThanOrEqual(4);
    db.exec('PRAGMA query_only=0');
    sessions.sweep(() => true);
    expect(db.prepare('SELECT digest FROM sessions').all()).toEqual([{ digest: digestOf(id) }]);
  });
});
