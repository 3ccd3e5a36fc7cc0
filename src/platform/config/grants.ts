import { resolve } from 'node:path';
import { suggestion } from '../did-you-mean.ts';
import type { GrantConfig } from './config.ts';
import type { ConfigSource } from './config-source.ts';
import { isLoopback } from './endpoint.ts';
import { soleFile } from './secrets.ts';

type At = readonly string[];

/** The grants of the file, or the one there is without them. `data`: the folder of tokens that nobody named. */
export function readGrants(
  source: ConfigSource,
  serverIds: readonly string[],
  listenHost: string,
  data: string,
): GrantConfig[] {
  const written = source.written.grants;
  if (written === undefined) {
    source.origin.set('grants', 'default');
    return [
      {
        name: 'local',
        token: { kind: 'file', path: resolve(data, 'local.token') },
        servers: serverIds,
        policies: policiesIn(source, source.written.policy),
        agent: undefined,
        groups: [],
      },
    ];
  }
  if (source.written.policy !== undefined) {
    source.error(
      ['policy'],
      'a top-level `policy` has no meaning beside `grants`',
      'write it into each grant it is meant for',
    );
  }
  const tokens = new TokenReader(source, listenHost, data);
  return Object.entries(written).map(([name, grant]) => {
    const at = ['grants', name];
    source.origin.set(`grants.${name}`, 'file');
    grant.servers.forEach((server, i) => {
      if (serverIds.includes(server)) return;
      const hint = suggestion(server, serverIds) ?? `servers here: ${serverIds.join(', ') || 'none'}`;
      source.error([...at, 'servers', i], `there is no server \`${server}\``, hint);
    });
    return {
      name,
      token: tokens.read(at, name, grant.token),
      servers: grant.servers,
      policies: policiesIn(source, grant.policy),
      agent: grant.agent,
      groups: grant.groups ?? [],
    };
  });
}

/** Tokens of grants: no two may be the same, for a token names its grant. */
class TokenReader {
  readonly #source: ConfigSource;
  readonly #listenHost: string;
  readonly #data: string;
  /** Which grant has a token. */
  readonly #grantOf = new Map<string, string>();

  constructor(source: ConfigSource, listenHost: string, data: string) {
    this.#source = source;
    this.#listenHost = listenHost;
    this.#data = data;
  }

  read(at: At, name: string, written: string | undefined): GrantConfig['token'] {
    if (written === undefined) return { kind: 'file', path: resolve(this.#data, `${name}.token`) };
    if (written === 'none') {
      this.#claim(at, name, 'none');
      if (isLoopback(this.#listenHost)) return { kind: 'none' };
      this.#wrong(
        at,
        '`token: none` is accepted only while `listen` is loopback',
        'name a token, for example ${file:desk.token}',
      );
      return { kind: 'none' };
    }
    const file = soleFile(written);
    if (file !== undefined) return { kind: 'file', path: resolve(this.#source.base, file) };
    const value = this.#source.filled([...at, 'token'], written);
    // What is missing has been said already.
    if (value === '') return { kind: 'value', value };
    this.#claim(at, name, value);
    if (!isToken(value))
      this.#wrong(at, 'a token has at least 32 visible ASCII characters', 'leave `token` out and one is made');
    return { kind: 'value', value };
  }

  #claim(at: At, name: string, token: string): void {
    const twin = this.#grantOf.get(token);
    if (twin !== undefined) {
      this.#wrong(
        at,
        `the grants \`${twin}\` and \`${name}\` have the same token`,
        'a token names one grant; leave `token` out and one is made',
      );
    }
    this.#grantOf.set(token, name);
  }

  #wrong(at: At, message: string, hint: string): void {
    this.#source.error([...at, 'token'], message, hint);
  }
}

function policiesIn(source: ConfigSource, written: string | readonly string[] | undefined): string[] {
  const list = written === undefined ? [] : typeof written === 'string' ? [written] : written;
  return list.map((path) => resolve(source.base, path));
}

export function isToken(text: string): boolean {
  return /^[\x21-\x7e]{32,4096}$/.test(text);
}
