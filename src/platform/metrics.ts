import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What /metrics shows. Labels are bounded: server ids, verdicts and outcomes, never a name a client chose. */
export class Metrics {
  readonly registry = new Registry();
  /** Calls since the counter was last read: few kinds, told apart without making a key of each call. */
  readonly #calls: CallCount[] = [];

  readonly gatewaySeconds = new Histogram({
    name: 'sallyport_gateway_seconds',
    help: 'Time of a call spent in the gateway, the wait for durability included, without the server',
    buckets: BUCKETS,
    registers: [this.registry],
  });
  readonly serverSeconds = new Histogram({
    name: 'sallyport_server_seconds',
    help: 'Time of a call between sending it and its answer',
    labelNames: ['server'],
    buckets: BUCKETS,
    registers: [this.registry],
  });
  readonly turnedAway = new Counter({
    name: 'sallyport_turned_away_total',
    help: 'Requests refused before they were calls: authentication, host, origin, malformed, busy',
    labelNames: ['why'],
    registers: [this.registry],
  });
  readonly alarms = new Gauge({
    name: 'sallyport_alarms',
    help: '1 while an alarm of this kind stands, by server where it is about one',
    labelNames: ['kind', 'server'],
    registers: [this.registry],
  });

  /** Calls that hold quota and have no outcome yet. */
  reservations = 0;

  constructor() {
    const counts = this.#calls;
    new Counter({
      name: 'sallyport_calls_total',
      help: 'Decoded calls by server, method, verdict and outcome',
      labelNames: ['server', 'method', 'verdict', 'outcome'],
      registers: [this.registry],
      collect() {
        for (const { count, ...labels } of counts.splice(0)) this.inc(labels, count);
      },
    });
  }

  countCall(server: string, method: string, verdict: string, outcome: string): void {
    for (const one of this.#calls) {
      if (one.outcome !== outcome || one.verdict !== verdict || one.method !== method || one.server !== server)
        continue;
      one.count++;
      return;
    }
    this.#calls.push({ server, method, verdict, outcome, count: 1 });
  }

  /** As {@link watch}, one figure for each server there is. */
  watchServers(name: string, help: string, read: () => Iterable<readonly [server: string, value: number]>): void {
    new Gauge({
      name,
      help,
      labelNames: ['server'],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [server, value] of read()) this.set({ server }, value);
      },
    });
  }

  /** A figure that is read when it is asked for. */
  watch(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }
}

type CallCount = {
  readonly server: string;
  readonly method: string;
  readonly verdict: string;
  readonly outcome: string;
  count: number;
};

const BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30];
