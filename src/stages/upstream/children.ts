import type { Era } from '../../domain/message.ts';
import type { Pace } from '../../platform/pace.ts';
import type { ChildCommand } from './child.ts';
import { ChildConnection } from './child-connection.ts';
import type { Standing } from './connection.ts';
import type { Link, NotOpened } from './link.ts';
import type { UpstreamLog } from './upstream-log.ts';

/** Whom a child serves. One that answered the probe gets its link later. */
export type ChildOwner = { standing: Standing; link: Link | undefined };

export type ChildrenOptions = {
  readonly command: ChildCommand;
  readonly silenceMsMax: number;
  readonly totalMsMax: number;
  readonly responseBytesMax: number;
  /** How many may run at once. */
  readonly childrenMax: number;
  readonly pace: Pace;
  readonly log: UpstreamLog;
};

/** The processes of one server over stdio, never more than the bound. */
export class Children {
  readonly #options: ChildrenOptions;
  readonly #all = new Set<ChildConnection>();
  /** Those that are gone, and of which something may still run. */
  readonly #leaving = new Set<ChildConnection>();

  constructor(options: ChildrenOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#all.size;
  }

  get isFull(): boolean {
    return this.#all.size >= this.#options.childrenMax;
  }

  /** What a caller gets for whom there is no room. */
  get noRoom(): NotOpened {
    return { kind: 'not-opened', why: `${this.#options.childrenMax} children busy` };
  }

  /** Undefined where there is no room for it. A modern child serves many callers, a legacy one its session. */
  start(era: Era, revision: string, owner: ChildOwner): ChildConnection | undefined {
    if (this.isFull) return undefined;
    const { log } = this.#options;
    const child: ChildConnection = new ChildConnection({
      ...this.#options,
      era,
      revision,
      shared: era === 'modern',
      standing: (message) => owner.standing(message),
      onGone: (why, deliberate) => {
        this.#all.delete(child);
        this.#leaving.add(child);
        void child.over.then(() => this.#leaving.delete(child));
        if (owner.link === undefined || deliberate) return;
        owner.link.lost(child, why);
        log.down(why, child.lastWords);
      },
    });
    this.#all.add(child);
    return child;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((child) => child.close()));
    await Promise.all([...this.#leaving].map((child) => child.over));
  }

  kill(): void {
    for (const child of [...this.#all, ...this.#leaving]) child.kill();
  }
}
