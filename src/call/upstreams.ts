import type { MessageId } from '../domain/message.ts';
import type { Session } from '../domain/session.ts';
import type { Live } from '../stages/session/session-table.ts';
import type { ServerMessage } from '../stages/upstream/connection.ts';
import type { Link, NotOpened, Opened } from '../stages/upstream/link.ts';
import type { UpstreamServer } from '../stages/upstream/server.ts';

/** Which link serves which session. Upstream sessions are never shared between grants. */
export class Upstreams {
  readonly #servers = new Map<string, UpstreamServer>();
  readonly #links = new Map<string, Kept>();
  /** No longer served here; calls that were under way are finishing. */
  readonly #retiring = new Set<UpstreamServer>();
  /** The links of sessions on those, by session: a question one of those calls asked is answered there. */
  readonly #leaving = new Map<string, Link>();
  readonly #options: UpstreamsOptions;

  constructor(options: UpstreamsOptions) {
    this.#options = options;
  }

  /**
   * Takes over a changed set: servers that stayed keep their links; those that left are closed when the calls on them
   * are answered, and their sessions go on at the server that has the id now.
   */
  replace(servers: readonly UpstreamServer[]): void {
    const gone = [...this.#servers.values()].filter((server) => !servers.includes(server));
    this.#servers.clear();
    for (const server of servers) this.#servers.set(server.id, server);
    for (const { live, link, server } of Array.from(this.#links.values())) {
      if (!gone.includes(server)) continue;
      const { id } = live.session;
      this.#links.delete(id);
      this.#leaving.set(id, link);
      void link.closed.then(() => this.#leaving.get(id) === link && this.#leaving.delete(id));
      // Another server knows nothing of the session its predecessor gave.
      this.#options.onUpstreamSession(live, undefined);
      this.#legacy(live, true);
    }
    for (const server of gone) {
      this.#retiring.add(server);
      void server.retire().finally(() => this.#retiring.delete(server));
    }
  }

  server(id: string): UpstreamServer | undefined {
    return this.#servers.get(id);
  }

  servers(): Iterable<UpstreamServer> {
    return this.#servers.values();
  }

  /** Opens the server for a new legacy session. */
  async open(live: Live): Promise<Opened | NotOpened> {
    const link = this.#legacy(live, false);
    if (link === undefined) return noServer(live.session);
    return link.ensure();
  }

  /** A session that outlived the process gets its link when it is first used. */
  restore(live: Live): void {
    this.#legacy(live, true);
  }

  /** The session's link; at once where there is one already. */
  linkOf(session: Session): Link | NotOpened | Promise<Link | NotOpened> {
    const known = this.#links.get(session.id);
    if (known !== undefined) return known.link;
    const server = this.#servers.get(session.server);
    if (server === undefined || session.era === 'legacy') return noServer(session);
    return server.modernLink(session.caller.grant, (message) => this.#options.onModernStanding(session, message));
  }

  /** Passes a client's answer on to whichever server of the session asked for it; false where none did. */
  async answer(session: Session, id: MessageId, text: string): Promise<boolean> {
    const link = await this.linkOf(session);
    if (link.kind === 'link' && link.answer(id, text)) return true;
    return this.#leaving.get(session.id)?.answer(id, text) ?? false;
  }

  async close(session: Session): Promise<void> {
    const known = this.#links.get(session.id);
    if (known === undefined) return;
    this.#links.delete(session.id);
    await known.server.release(known.link);
  }

  /** As {@link close}, when the calls that run are answered. */
  async retire(session: Session): Promise<void> {
    const known = this.#links.get(session.id);
    if (known === undefined) return;
    this.#links.delete(session.id);
    await known.server.retireLink(known.link);
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#servers.values(), ...this.#retiring].map((server) => server.close()));
    this.#links.clear();
  }

  killChildren(): void {
    for (const server of [...this.#servers.values(), ...this.#retiring]) server.killChildren();
  }

  #legacy(live: Live, restored: boolean): Link | undefined {
    const { session } = live;
    const server = this.#servers.get(session.server);
    if (server === undefined || session.initialize === undefined) return undefined;
    const link: Link = server.legacyLink({
      grant: session.caller.grant,
      params: session.initialize,
      upstreamSession: live.upstream,
      restored,
      standing: (message) => this.#options.onStanding(session, link, message),
      onSession: (id) => this.#options.onUpstreamSession(live, id),
    });
    this.#links.set(session.id, { live, link, server });
    return link;
  }
}

type Kept = { readonly live: Live; readonly link: Link; readonly server: UpstreamServer };

export type UpstreamsOptions = {
  /** A message that belongs to no request of the session. */
  readonly onStanding: (session: Session, link: Link, message: ServerMessage) => void;
  readonly onModernStanding: (session: Session, message: ServerMessage) => void;
  readonly onUpstreamSession: (live: Live, id: string | undefined) => void;
};

function noServer(session: Session): NotOpened {
  return { kind: 'not-opened', why: `there is no server \`${session.server}\`` };
}
