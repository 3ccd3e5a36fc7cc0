import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Bag } from '../../platform/bag.ts';
import { GENESIS, linkHash, type RecordDraft, recordBody } from '../../stages/audit/record.ts';
import { type Exceeded, LimitBook, type Taken, type Watched } from '../../stages/limits/book.ts';
import { type Demand, decimalText, entered, levelled, scaled } from '../../stages/limits/demand.ts';
import type { LimitClock } from '../../stages/limits/limit-clock.ts';
import { WalSync } from './wal-sync.ts';

export type Admitted =
  | { readonly kind: 'admitted'; readonly seq: number; readonly at: number; readonly taken: readonly Taken[] }
  | { readonly kind: 'exceeded'; readonly seq: number; readonly at: number; readonly exceeded: Exceeded };

/** Which record to write, once it is known whether the limits let the call through. */
export type AdmissionDraft = {
  readonly demands: readonly Demand[];
  /** The intent; `at` is the time the limits were counted at, `watched` the limit in shadow that would have refused. */
  readonly intent: (at: number, watched: Watched | undefined) => RecordDraft;
  readonly refusal: (exceeded: Exceeded, at: number) => RecordDraft;
};

/**
 * The audit chain and the limits' logs in one SQLite file, written in one transaction for all that arrived in the
 * meantime (group commit).
 *
 * A commit appends to the write-ahead log and does not wait for the disk: that is enough for outcomes and refusals,
 * which survive a kill. An admission resolves only after an fsync of that log which began after its commit; the
 * fsync runs on another thread, so a slow disk delays the calls that wait for it and nothing else. One fsync serves
 * all that committed before it began. See docs/decisions/0003-durability.md for what was measured.
 */
export class Ledger {
  readonly #db: DatabaseSync;
  readonly #writer: string;
  readonly #clock: LimitClock;
  readonly #sole: boolean;
  readonly #sync: WalSync<AdmitJob>;
  readonly #book = new LimitBook();
  readonly #sql: Record<
    | 'record'
    | 'take'
    | 'undo'
    | 'drop'
    | 'head'
    | 'version'
    | 'takenSince'
    | 'prune'
    | 'floor'
    | 'begin'
    | 'commit'
    | 'rollback',
    StatementSync
  >;

  #head = GENESIS;
  #seq = 0;
  #limitRow = 0;
  #dataVersion = -1;
  #queue: Job[] = [];
  /** Outcomes that could not be written when they came: their intents stay open until they are. */
  #late: AppendJob[] = [];
  #flushing = false;
  #prunable: number[] = [];
  #swept = 0;
  readonly #open = new Bag<number>();
  #floorWritten = 0;

  #lost: Error | undefined;

  constructor(options: {
    db: DatabaseSync;
    path: string;
    /** This process in the records it writes. */
    writer: string;
    clock: LimitClock;
    /** Whether no other process may write to the file meanwhile. */
    sole: boolean;
  }) {
    this.#db = options.db;
    this.#writer = options.writer;
    this.#clock = options.clock;
    this.#sole = options.sole;
    const { db } = options;
    this.#sql = {
      record: db.prepare('INSERT INTO records (seq, ref, body, hash) VALUES (?, ?, ?, ?)'),
      take: db.prepare('INSERT INTO limit_log (id, bucket, at, amount, entry) VALUES (?, ?, ?, ?, ?)'),
      undo: db.prepare('INSERT INTO limit_log (id, bucket, at, amount, entry, undo) VALUES (?, ?, ?, ?, ?, ?)'),
      drop: db.prepare('DELETE FROM limit_log WHERE id = ?'),
      head: db.prepare('SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1'),
      begin: db.prepare('BEGIN IMMEDIATE'),
      commit: db.prepare('COMMIT'),
      rollback: db.prepare('ROLLBACK'),
      version: db.prepare('PRAGMA data_version'),
      takenSince: db.prepare('SELECT id, bucket, at, amount, entry, undo FROM limit_log WHERE id > ? ORDER BY id'),
      prune: db.prepare('DELETE FROM limit_log WHERE id IN (SELECT value FROM json_each(?))'),
      floor: db.prepare(
        'INSERT INTO writers (id, floor) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET floor = excluded.floor',
      ),
    };
    this.#transaction(() => {
      db.prepare('DELETE FROM limit_log WHERE at < ?').run(this.#clock.now() - ROWS_KEPT_MS);
      this.#catchUp();
    });
    this.#floorWritten = this.#seq;
    this.#sync = new WalSync<AdmitJob>({
      path: `${options.path}-wal`,
      write: () => void this.#sql.floor.run(this.#writer, this.#seq),
      onDurable: (job) => job.resolve(job.result as Admitted),
      onFailed: (job, fault) => job.reject(fault),
    });
  }

  /** Admits nothing any more: what is written is known not to last. */
  giveUp(why: Error): void {
    this.#lost = why;
  }

  /** Takes the quotas and writes the intent, or writes the refusal. Resolves when an admitted intent is on the disk. */
  admit(draft: AdmissionDraft): Promise<Admitted> {
    const brokenBy = this.#lost ?? this.#sync.brokenBy;
    if (brokenBy !== undefined) return Promise.reject(brokenBy);
    const { promise, resolve, reject } = Promise.withResolvers<Admitted>();
    this.#enqueue({ kind: 'admit', draft, resolve, reject, result: undefined });
    return promise;
  }

  /**
   * Writes a record; resolves with its sequence number when it is committed. An outcome that cannot be written is
   * rejected like any record, and written all the same when that is possible again.
   */
  append(draft: RecordDraft, giveBack: readonly Taken[] = []): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#enqueue({ kind: 'append', draft, giveBack, resolve, reject, seq: 0 });
    return promise;
  }

  /** Empties the logs whose name is accepted, and writes a record of it in the same transaction. The names. */
  reset(
    accepts: (bucket: string) => boolean,
    record: (buckets: readonly string[]) => RecordDraft,
  ): Promise<readonly string[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
    this.#enqueue({ kind: 'reset', accepts, record, resolve, reject, names: [] });
    return promise;
  }

  /** Drops what no limit looks at any more, also in logs that are never asked again. `keepOf`: how far back, in milliseconds. */
  sweep(keepOf: (bucket: string) => number): void {
    const at = this.#clock.now();
    const names = this.#book.bucketNames();
    for (let i = 0; i < Math.min(names.length, SWEEP_BUCKETS_MAX); i++) {
      const bucket = names[this.#swept++ % names.length] as string;
      this.#prune(bucket, at, keepOf(bucket));
    }
    this.#flushLate();
  }

  get head(): { readonly seq: number; readonly hash: string } {
    return { seq: this.#seq, hash: this.#head };
  }

  /** How long admissions wait at this moment for what is committed to be on the disk. */
  get waitingMs(): number {
    return this.#sync.waitingMs;
  }

  get openIntents(): number {
    return this.#open.size;
  }

  /** Writes what is waiting, and returns when it is committed and on the disk. */
  async close(): Promise<void> {
    this.#flush();
    this.#flushLate();
    await this.#sync.close();
    this.#db.prepare('DELETE FROM writers WHERE id = ? AND ? = 0').run(this.#writer, this.#open.size);
  }

  #enqueue(job: Job): void {
    this.#queue.push(job);
    if (this.#flushing) return;
    this.#flushing = true;
    // A call that is alone has nobody to share a transaction with, and should not wait for the next turn.
    if (this.#open.size <= 1) queueMicrotask(this.#flushSoon);
    else setImmediate(this.#flushSoon);
  }

  readonly #flushSoon = (): void => this.#flush();

  #flush(): void {
    this.#flushing = false;
    const jobs = this.#queue;
    if (jobs.length === 0) return;
    this.#queue = [];
    const fault = this.#commit(jobs);
    if (fault !== undefined) {
      for (const job of jobs) {
        if (isOutcome(job) && this.#late.length < LATE_MAX) this.#late.push({ ...job, resolve: ignore });
        job.reject(fault);
      }
      return;
    }
    for (const job of jobs) this.#settle(job);
    this.#sync.start();
    // Now that it is known that the file takes what is written.
    this.#flushLate();
  }

  #flushLate(): void {
    const jobs = this.#late;
    if (jobs.length === 0 || this.#commit(jobs) !== undefined) return;
    this.#late = [];
    for (const job of jobs) this.#settle(job);
  }

  /** One transaction for all of them. The fault, where nothing of it was written. */
  #commit(jobs: readonly Job[]): Error | undefined {
    const before = { head: this.#head, seq: this.#seq, limitRow: this.#limitRow };
    try {
      this.#transaction(() => {
        this.#catchUp();
        for (const job of jobs) this.#doOne(job);
        this.#chores();
      });
      return undefined;
    } catch (fault) {
      this.#head = before.head;
      this.#seq = before.seq;
      this.#limitRow = before.limitRow;
      for (const seq of this.#open.all()) if (seq > before.seq) this.#open.remove(seq);
      // The book may hold entries the file does not: it is read anew before the next decision.
      this.#dataVersion = -1;
      return fault as Error;
    }
  }

  #doOne(job: Job): void {
    switch (job.kind) {
      case 'admit':
        return this.#admitOne(job);
      case 'append':
        return this.#appendOne(job);
      case 'reset':
        return this.#resetOne(job);
      default:
        job satisfies never;
        throw new TypeError('a job of no known kind');
    }
  }

  /** What a job did is committed: whoever waits is told, but for admissions, which wait for the disk. */
  #settle(job: Job): void {
    switch (job.kind) {
      case 'admit':
        if (job.result?.kind === 'admitted') this.#sync.add(job);
        else job.resolve(job.result as Admitted);
        return;
      case 'append':
        if (job.draft.ref !== undefined) this.#open.remove(job.draft.ref);
        job.resolve(job.seq);
        return;
      case 'reset':
        job.resolve(job.names);
        return;
      default:
        job satisfies never;
    }
  }

  #admitOne(job: AdmitJob): void {
    const at = this.#clock.now();
    const demands = levelled(job.draft.demands);
    for (const { bucket, keepMs } of demands) this.#prune(bucket, at, keepMs);
    const exceeded = this.#book.firstExceeded(demands, at);
    if (exceeded !== undefined) {
      const seq = this.#link(job.draft.refusal(exceeded, at));
      job.result = { kind: 'exceeded', seq, at, exceeded };
      return;
    }
    const watched = this.#book.firstWatched(demands, at);
    const seq = this.#link(job.draft.intent(at, watched));
    const taken = demands.length === 0 ? NOTHING : this.#take(entered(demands, watched), at, seq);
    this.#open.add(seq);
    job.result = { kind: 'admitted', seq, at, taken };
  }

  #appendOne(job: AppendJob): void {
    job.seq = this.#link(job.draft);
    for (const taken of job.giveBack) this.#giveBack(taken);
  }

  #resetOne(job: ResetJob): void {
    const names = this.#book.bucketNames().filter(job.accepts);
    for (const bucket of names) {
      for (const { at, amount, entry } of this.#book.entriesOf(bucket)) this.#strike({ bucket, at, amount, entry });
      this.#book.reset(bucket);
    }
    this.#link(job.record(names));
    job.names = names;
  }

  #link(draft: RecordDraft): number {
    const seq = this.#seq + 1;
    const body = recordBody(draft, seq, this.#writer);
    const hash = linkHash(this.#head, body);
    this.#sql.record.run(seq, draft.ref ?? null, body, hash);
    this.#seq = seq;
    this.#head = hash;
    return seq;
  }

  #take(demands: readonly Demand[], at: number, seq: number): readonly Taken[] {
    const [only] = demands;
    if (demands.length === 1 && only !== undefined) return this.#takeIn(only.bucket, demands, at, seq);
    const all: Taken[] = [];
    for (const bucket of new Set(demands.map((demand) => demand.bucket))) {
      const inBucket = demands.filter((demand) => demand.bucket === bucket);
      all.push(...this.#takeIn(bucket, inBucket, at, seq));
    }
    return all;
  }

  #takeIn(bucket: string, demands: readonly Demand[], at: number, seq: number): readonly Taken[] {
    // The row id doubles as the entry id, so that pruned entries name their rows.
    const id = ++this.#limitRow;
    const taken = this.#book.take(demands, at, id);
    for (const { amount } of taken) {
      this.#sql.take.run(id, bucket, at, amount === ONE ? '1' : decimalText(amount), seq);
    }
    return taken;
  }

  #giveBack(taken: Taken): void {
    this.#book.giveBack(taken.bucket, taken.entry);
    this.#strike(taken);
  }

  #strike(taken: Taken): void {
    this.#sql.drop.run(taken.entry);
    if (this.#sole) return;
    // Other writers, who may have read the entry, learn of it by a row of its own.
    this.#sql.undo.run(++this.#limitRow, taken.bucket, taken.at, decimalText(taken.amount), 0, taken.entry);
  }

  #prune(bucket: string, at: number, keepMs: number): void {
    const gone = this.#book.prune(bucket, at, keepMs);
    // Beside other writers, whose limits may look further back, rows stay for as long as any window can be.
    if (this.#sole) for (const id of gone) this.#prunable.push(id);
  }

  /** Takes over what other writers have committed; a sole writer reads only once. */
  #catchUp(): void {
    const known = this.#dataVersion;
    if (this.#sole && known !== -1) return;
    const { data_version } = this.#sql.version.get() as { data_version: number };
    if (data_version === known) return;
    this.#dataVersion = data_version;
    if (known === -1) {
      this.#book.clear();
      this.#limitRow = 0;
    }
    const head = this.#sql.head.get() as { seq: number; hash: string } | undefined;
    const anchor = head ?? this.#anchor();
    this.#seq = anchor?.seq ?? 0;
    this.#head = anchor?.hash ?? GENESIS;
    for (const row of this.#sql.takenSince.iterate(this.#limitRow) as Iterable<LimitRow>) {
      this.#limitRow = row.id;
      this.#clock.noLaterThanSeen(row.at);
      if (row.undo !== null) this.#book.giveBack(row.bucket, row.undo);
      else this.#book.restore({ bucket: row.bucket, at: row.at, amount: scaled(row.amount) ?? 0n, entry: row.id });
    }
  }

  #anchor(): { seq: number; hash: string } | undefined {
    const row = this.#db.prepare('SELECT seq, hash FROM anchors ORDER BY seq DESC LIMIT 1').get();
    return row as { seq: number; hash: string } | undefined;
  }

  /** What need not happen at every commit: dropping entries no window looks at, and noting where recovery may begin. */
  #chores(): void {
    if (this.#prunable.length >= PRUNE_BATCH) {
      this.#sql.prune.run(JSON.stringify(this.#prunable));
      this.#prunable = [];
    }
    if (this.#seq - this.#floorWritten >= FLOOR_EVERY) {
      let floor = this.#seq;
      for (const seq of this.#open.all()) if (seq < floor) floor = seq;
      this.#sql.floor.run(this.#writer, floor);
      this.#floorWritten = this.#seq;
    }
  }

  #transaction(work: () => void): void {
    this.#sql.begin.run();
    try {
      work();
      this.#sql.commit.run();
    } catch (fault) {
      if (this.#db.isTransaction) this.#sql.rollback.run();
      throw fault;
    }
  }
}

type AdmitJob = {
  readonly kind: 'admit';
  readonly draft: AdmissionDraft;
  readonly resolve: (admitted: Admitted) => void;
  readonly reject: (fault: unknown) => void;
  /** From the transaction on. */
  result: Admitted | undefined;
};
type AppendJob = {
  readonly kind: 'append';
  readonly draft: RecordDraft;
  readonly giveBack: readonly Taken[];
  readonly resolve: (seq: number) => void;
  readonly reject: (fault: unknown) => void;
  seq: number;
};
type ResetJob = {
  readonly kind: 'reset';
  readonly accepts: (bucket: string) => boolean;
  readonly record: (buckets: readonly string[]) => RecordDraft;
  readonly resolve: (buckets: readonly string[]) => void;
  readonly reject: (fault: unknown) => void;
  names: readonly string[];
};
type Job = AdmitJob | AppendJob | ResetJob;

function isOutcome(job: Job): job is AppendJob {
  return job.kind === 'append' && job.draft.ref !== undefined;
}

/** Whoever asked for it has been told that it was not written. */
const ignore = (): void => {};

type LimitRow = { id: number; bucket: string; at: number; amount: string; entry: number; undo: number | null };

/** One call, in a book's units. */
const ONE = 10n ** 18n;
const NOTHING: readonly Taken[] = [];
const PRUNE_BATCH = 512;
const SWEEP_BUCKETS_MAX = 4_000;
/** No window is longer. */
const ROWS_KEPT_MS = 367 * 86_400_000;
const FLOOR_EVERY = 1_000;
/** As many as calls may run at once: while nothing can be written none is admitted. */
const LATE_MAX = 1_000;
