import { randomBytes } from 'node:crypto';
import { type StatsFs, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Gate } from '../call/gate.ts';
import { Standing } from '../call/standing.ts';
import { notHeard } from '../call/turned-away.ts';
import { Upstreams } from '../call/upstreams.ts';
import type { Caller } from '../domain/caller.ts';
import { type Alarm, Alarms } from '../platform/alarms.ts';
import type { Config, ServerConfig } from '../platform/config/config.ts';
import { TOTAL_MS_MAX } from '../platform/config/servers.ts';
import { atMostEvery, type Log, rateLimited } from '../platform/log.ts';
import { Metrics } from '../platform/metrics.ts';
import { Unavailable } from '../platform/unavailable.ts';
import { LimitClock } from '../stages/limits/limit-clock.ts';
import { SessionTable } from '../stages/session/session-table.ts';
import { UpstreamServer } from '../stages/upstream/server.ts';
import type { UpstreamLog } from '../stages/upstream/upstream-log.ts';
import { openDatabase } from '../storage/sqlite/database.ts';
import { Ledger } from '../storage/sqlite/ledger.ts';
import { FileLock, WriterLock } from '../storage/sqlite/locks.ts';
import { sqliteSessions } from '../storage/sqlite/sessions.ts';
import { StoreAdmissions } from './admissions.ts';
import { callStages } from './call-stages.ts';
import { childEnvironment } from './child-environment.ts';
import { inDataFolder, openDataFolder } from './data-folder.ts';
import { ExpressionCheck } from './expression-check.ts';
import { serveRequests } from './limit-requests.ts';
import { openLimitStore } from './open-limit-store.ts';
import { pruneOld, recoverOpenIntents } from './recover.ts';
import { resetLimits } from './reset-limits.ts';
import { Retention } from './retention.ts';
import type { Rules } from './rules.ts';
import { openSpans } from './spans.ts';

/** Everything that runs, wired. The only place where parts meet. */
export type Gateway = {
  readonly gate: Gate;
  readonly metrics: Metrics;
  readonly alarms: Alarms;
  readonly data: string;
  /** Calls that are under way. */
  readonly inFlight: () => number;
  readonly rules: () => Rules;
  readonly noteTurnedAway: (why: TurnedAway, detail: string) => void;
  /** Takes over changed servers and rules without dropping a call. */
  readonly take: (config: Pick<Config, 'servers' | 'bounds' | 'audit'>, rules: Rules) => Promise<void>;
  /** Ends children and connections, writes what is to be written, releases the folder. */
  readonly close: () => Promise<void>;
  /** The last resort of a second Ctrl-C: nothing is waited for; committed records stay. */
  readonly abandon: () => void;
};

export type TurnedAway = 'token' | 'host' | 'origin' | 'malformed' | 'busy' | 'route' | 'unread';

export async function compose(options: {
  readonly config: Pick<Config, 'data' | 'servers' | 'bounds' | 'audit' | 'limits'>;
  readonly rules: Rules;
  readonly log: Log;
  /** Whether this process must have the folder to itself. */
  readonly sole: boolean;
  /** The environment children of this gateway start from, before their own `env`. */
  readonly childEnv: Readonly<Record<string, string>>;
  /** The gateway's own environment, where it may be said that OpenTelemetry is to be told of calls. */
  readonly env: Readonly<Record<string, string | undefined>>;
}): Promise<Gateway> {
  const { config, log } = options;
  const { logger } = log;
  let rules = options.rules;
  let retention = new Retention(rules.limits);
  const metrics = new Metrics();
  const alarms = new Alarms({
    now: () => performance.now(),
    raised(alarm, isSaid) {
      metrics.alarms.set(labelsOf(alarm), 1);
      if (isSaid) logger.error(labelsOf(alarm), alarm.sentence);
    },
    ended(alarm, isSaid) {
      metrics.alarms.set(labelsOf(alarm), 0);
      if (isSaid) logger.info(labelsOf(alarm), 'alarm ended');
    },
  });
  const folder = openDataFolder(config.data, (sentence) => logger.warn(sentence));
  const folderLock = inDataFolder(folder.path, () => lockFolder(folder.path, options.sole));
  const writer = randomBytes(6).toString('hex');
  const writerLock = inDataFolder(folder.path, () => WriterLock.hold(folder.path, writer));
  const now = () => Date.now();
  const clock = new LimitClock({
    wall: now,
    monotonic: () => performance.now(),
    latest: 0,
    onStepBack: (ms) =>
      alarms.raise('clock', `the clock stepped back by ${seconds(ms)}; limits go on from the later time`),
    onJump: (ms) =>
      alarms.raise('clock', `the clock jumped ahead by ${seconds(ms)}; limits follow it, and windows ended early`),
    onSettled: () => alarms.clear('clock'),
  });
  const open = async () => {
    const db = openDatabase(folder.database);
    // After what may be refused: an open connection keeps a process alive.
    const store = await openLimitStore(config.limits, (sentence) => logger.warn(sentence));
    const ledger = new Ledger({ db, path: folder.database, writer, clock, sole: options.sole });
    const version = 'sallyport 0.1.0';
    await ledger.append({ kind: 'start', at: now(), members: `"program":"${version}"` });
    return { db, store, ledger };
  };
  const { db, store, ledger } = await open().catch((fault: unknown) => {
    // A client tries again and again; what never wrote must leave nothing behind.
    writerLock.release();
    throw fault;
  });
  const closed = await recoverOpenIntents({ db, ledger, folder: folder.path, self: writer, now });
  if (closed > 0) logger.warn({ closed }, 'calls without a recorded answer were closed as unknown');
  pruneOld(db, config.audit.keepMs, now());

  const cannotWrite = (fault: unknown) =>
    alarms.raise('audit', `the data folder cannot be written: ${(fault as Error).message}`);
  const taken = watchFiles([folder.database, `${folder.database}-wal`], (file) => {
    const fault = new Error(`${file} was taken away or replaced: what is written now is lost; start the gateway again`);
    ledger.giveUp(fault);
    alarms.raise('audit', fault.message);
  });
  const standing = new Standing(config.bounds.unreadBytesMax);
  const permitted = new Map<string, number>();
  const upstreams: Upstreams = new Upstreams({
    onStanding: (session, link, message) => {
      const deliver = (text: string) => standing.deliver(session.id, { text, id: message.id });
      if (!gate.relay.fromServer(message, session, deliver) && message.id !== undefined)
        link.answer(message.id, notHeard(message.id));
    },
    onModernStanding: () => {},
    onUpstreamSession: (live, id) => sessions.setUpstream(live, id),
  });
  const sessions: SessionTable = new SessionTable(sqliteSessions(db, cannotWrite), {
    sessionsMax: config.bounds.sessionsMax,
    now,
    randomId: () => randomBytes(32).toString('base64url'),
    onEnd: (live, calls) => {
      standing.forget(live.session.id);
      permitted.delete(live.session.id);
      void (calls === 'finish' ? upstreams.retire(live.session) : upstreams.close(live.session));
    },
    onRestore: (live) => upstreams.restore(live),
  });
  const onLost = (fault: unknown) =>
    alarms.raise('limits', `quota of calls that were not sent is still taken: ${String(fault)}`);
  const onSettled = () => alarms.clear('limits');
  const stored = store === undefined ? undefined : new StoreAdmissions({ ledger, store, onLost, onSettled });
  const spans = await openSpans(options.env, alarms);
  const stages = callStages({
    rules: () => rules,
    retention: () => retention,
    upstreams,
    ledger: stored ?? ledger,
    auditKey: folder.auditKey,
    log,
    metrics,
    alarms,
    permitted,
    now,
  });
  const sayTurnedAway = rateLimited(10, (line, dropped) => logger.warn(dropped === 0 ? {} : { dropped }, line));
  const noteTurnedAway = (why: TurnedAway, detail: string) => {
    metrics.turnedAway.inc({ why });
    sayTurnedAway(`turned away (${why}): ${detail.slice(0, 300)}`);
  };
  const gate: Gate = new Gate({
    stages: spans.around(stages),
    sessions,
    upstreams,
    standing,
    streamsMax: config.bounds.streamsMax,
    policyOf: (caller) => rules.policies.get(caller.grant),
    noteMalformed: (why) => noteTurnedAway('malformed', why),
  });
  const expressions = new ExpressionCheck({ alarms, rules: () => rules });
  const makers = new Map<string, { readonly key: string; readonly server: UpstreamServer }>();
  const make = (servers: readonly ServerConfig[], bounds: Config['bounds']): readonly UpstreamServer[] => {
    // One that left is closed for good: should it come back, it is made anew.
    for (const id of makers.keys()) {
      if (servers.some((server) => server.id === id)) continue;
      makers.delete(id);
      alarms.forget('upstream', id);
      expressions.forget(id);
    }
    return servers.map((server) => {
      const key = JSON.stringify([server, bounds]);
      const known = makers.get(server.id);
      if (known?.key === key) return known.server;
      // What its predecessor complained of says nothing about this one.
      alarms.forget('upstream', server.id);
      expressions.forget(server.id);
      const isServed = () => makers.get(server.id)?.server === made;
      const made: UpstreamServer = upstreamServer(server, bounds, options.childEnv, log, {
        raise: (why) => !isServed() || alarms.raise('upstream', `${server.id}: ${why}`, server.id),
        clear: () => isServed() && alarms.clear('upstream', server.id),
        listed: (list) => isServed() && expressions.listed(server.id, list),
      });
      makers.set(server.id, { key, server: made });
      return made;
    });
  };
  upstreams.replace(make(config.servers, config.bounds));
  let { keepMs } = config.audit;

  metrics.watch('sallyport_sessions', 'Legacy sessions held in memory', () => sessions.size);
  metrics.watch('sallyport_session_counts', 'Sessions whose permitted calls are counted', () => permitted.size);
  metrics.watch(
    'sallyport_audit_open_intents',
    'Calls sent or about to be, without a recorded outcome',
    () => ledger.openIntents,
  );
  metrics.watch('sallyport_reservations', 'Running calls that hold quota of a limit', () => metrics.reservations);
  metrics.watch(
    'sallyport_audit_lag_seconds',
    'How long committed intents have been waiting to be on the disk',
    () => ledger.waitingMs / 1000,
  );
  const serversAs = (value: (server: UpstreamServer) => number) => () =>
    Array.from(upstreams.servers(), (server) => [server.id, value(server)] as const);
  metrics.watchServers(
    'sallyport_server_down',
    '1 while a server has failed and not answered since',
    serversAs((server) => Number(server.isDown)),
  );
  metrics.watchServers(
    'sallyport_children',
    'Processes of a server that run',
    serversAs((server) => server.children),
  );
  metrics.watch('sallyport_audit_records', 'Number of the last record in the trail', () => ledger.head.seq);
  const chores = setInterval(() => {
    sessions.sweep((caller, server) => rules.callers.get(caller)?.servers.includes(server) ?? false);
    for (const server of upstreams.servers()) void server.endIdle();
    ledger.sweep((bucket) => retention.ofBucket(bucket));
    watchDisk(folder.path, alarms);
  }, CHORES_MS);
  chores.unref();
  // What a store cannot be asked now, it is asked a second later; calls that need it are refused meanwhile.
  const sweep = () => {
    void store?.sweep().catch(() => 0);
    void stored?.settle();
  };
  const sweeping = store === undefined ? undefined : setInterval(sweep, SWEEP_MS);
  sweeping?.unref();
  const endRequests = options.sole
    ? serveRequests(
        folder.path,
        (request) => resetLimits(request, { ledger, store, now }),
        (sentence) => logger.warn(sentence),
      )
    : () => {};
  const pruning = setInterval(() => {
    try {
      pruneOld(db, keepMs, now());
    } catch (fault) {
      cannotWrite(fault);
    }
  }, 3_600_000);
  pruning.unref();
  watchDisk(folder.path, alarms);

  return {
    gate,
    metrics,
    alarms,
    data: folder.path,
    inFlight: () => ledger.openIntents,
    rules: () => rules,
    noteTurnedAway,
    async take(changed, newRules) {
      const before = rules;
      rules = newRules;
      retention = new Retention(newRules.limits);
      keepMs = changed.audit.keepMs;
      const serversBefore = new Set(upstreams.servers());
      upstreams.replace(make(changed.servers, changed.bounds));
      expressions.rulesChanged();
      const isGranted = (caller: string, server: string) =>
        newRules.callers.get(caller)?.servers.includes(server) ?? false;
      sessions.sweep(isGranted);
      gate.relay.endListens('the grant has been withdrawn', (caller, server) => !isGranted(caller.id, server));
      const isNew = (id: string) => {
        const server = upstreams.server(id);
        return server !== undefined && !serversBefore.has(server);
      };
      const isAffected = (caller: Caller) =>
        before.policies.get(caller.grant)?.hash !== newRules.policies.get(caller.grant)?.hash ||
        caller.servers.some(isNew);
      gate.listsChanged(isAffected);
      for (const [grant, policy] of newRules.policies) {
        if (before.policies.get(grant)?.hash === policy.hash) continue;
        const members = `"grant":${JSON.stringify(grant)},"policy":"${policy.hash}"`;
        await ledger.append({ kind: 'policy', at: now(), members });
      }
    },
    async close() {
      clearInterval(chores);
      clearInterval(taken);
      clearInterval(pruning);
      clearInterval(sweeping);
      endRequests();
      await upstreams.closeAll();
      // What a full disk does not take must not keep the rest from being closed.
      const tried = async (step: () => unknown) => {
        try {
          await step();
        } catch (fault) {
          logger.error(`this run cannot be ended in the data folder as it should: ${(fault as Error).message}`);
        }
      };
      await tried(() => ledger.append({ kind: 'stop', at: now(), members: '' }));
      await tried(() => ledger.close());
      await tried(() => spans.close());
      await tried(() => stored?.settle());
      await tried(() => store?.close());
      await tried(() => db.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
      await tried(() => db.close());
      writerLock.release();
      folderLock.release();
      log.flush();
    },
    abandon() {
      upstreams.killChildren();
      log.flush();
    },
  };
}

function lockFolder(path: string, sole: boolean): FileLock {
  const file = join(path, 'sallyport.lock');
  const lock = sole ? FileLock.tryExclusive(file) : FileLock.tryShared(file);
  if (lock !== undefined) return lock;
  throw new Unavailable(
    `another gateway uses the data folder ${path}`,
    'stop it, or name another folder with `data:`, --data or SALLYPORT_DATA',
  );
}

function upstreamServer(
  server: ServerConfig,
  { responseBytesMax, childrenMax }: Config['bounds'],
  childEnv: Readonly<Record<string, string>>,
  log: Log,
  hears: {
    readonly raise: (why: string) => boolean;
    readonly clear: () => void;
    readonly listed: UpstreamLog['listed'];
  },
): UpstreamServer {
  const { transport } = server;
  const logger = log.logger.child({ server: server.id });
  return new UpstreamServer({
    id: server.id,
    transport:
      transport.kind === 'child'
        ? {
            kind: 'child',
            command: {
              command: transport.command,
              args: transport.args,
              cwd: transport.cwd,
              env: childEnvironment(childEnv, transport.env),
            },
          }
        : { kind: 'http', url: new URL(transport.url), headers: Object.entries(transport.headers) },
    silenceMsMax: server.silenceMsMax,
    totalMsMax: TOTAL_MS_MAX,
    responseBytesMax,
    childrenMax,
    log: {
      childSaid: (line) => logger.debug(line.slice(0, 1_000)),
      dropped: rateLimited(10, (line) => logger.warn(`not passed on: ${line.slice(0, 300)}`)),
      paced: atMostEvery(PACED_SAID_MS, () =>
        logger.warn('it says more than anybody waits for, and is read more slowly'),
      ),
      up: hears.clear,
      listed: hears.listed,
      down: (why, lastWords) => {
        const isSaid = hears.raise(why);
        // A process that ends is news each time: its last words may be others.
        if (!isSaid && transport.kind !== 'child') return;
        logger.error({ lastWords: lastWords.map((line) => line.slice(0, 300)) }, `the server is down: ${why}`);
      },
    },
  });
}

/** Open files go on taking what is written when they have no name any more. Calls `onTaken` where that comes to be. */
function watchFiles(files: readonly string[], onTaken: (file: string) => void): NodeJS.Timeout {
  const inodeOf = (file: string) => {
    try {
      return statSync(file).ino;
    } catch {
      // Whatever the reason, its name leads to it no more.
      return undefined;
    }
  };
  const opened = files.map((file) => [file, inodeOf(file)] as const);
  const looking = setInterval(() => {
    const gone = opened.find(([file, inode]) => inodeOf(file) !== inode);
    if (gone === undefined) return;
    clearInterval(looking);
    onTaken(gone[0]);
  }, TAKEN_LOOK_MS);
  return looking.unref();
}

function watchDisk(path: string, alarms: Alarms): void {
  let disk: StatsFs;
  try {
    disk = statfsSync(path);
  } catch (fault) {
    alarms.raise('disk', `the data folder ${path} cannot be looked at: ${(fault as Error).message}`);
    return;
  }
  const { bavail, blocks } = disk;
  if (blocks > 0 && bavail / blocks < 0.05) alarms.raise('disk', `less than 5 % is left on the disk of ${path}`);
  else alarms.clear('disk');
}

function labelsOf({ kind, server }: Alarm): { kind: string; server?: string } {
  return server === undefined ? { kind } : { kind, server };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

const CHORES_MS = 30_000;
const PACED_SAID_MS = 60_000;
const SWEEP_MS = 1_000;
const TAKEN_LOOK_MS = 1_000;
