import { hash } from 'node:crypto';
import type { Caller } from '../../domain/caller.ts';

/** Grants by the digest of their token. A look-up by digest tells nothing about a token by its time. */
export class Credentials {
  readonly #byDigest = new Map<string, Caller>();
  readonly #anonymous: Caller | undefined;

  /** `token`: or `none`, for whoever brings no token. */
  constructor(grants: readonly { readonly caller: Caller; readonly token: string }[]) {
    let anonymous: Caller | undefined;
    for (const { caller, token } of grants) {
      if (token === 'none') anonymous ??= caller;
      else this.#byDigest.set(hash('sha256', token, 'hex'), caller);
    }
    this.#anonymous = anonymous;
  }

  /** The caller behind an `Authorization` header; undefined where it names nobody. A wrong token is never anonymous. */
  identify(authorization: string | undefined): Caller | undefined {
    if (authorization === undefined) return this.#anonymous;
    const token = bearerToken(authorization);
    return token === undefined ? undefined : this.#byDigest.get(hash('sha256', token, 'hex'));
  }
}

/** RFC 6750: the scheme without regard to case, one space, one token. */
function bearerToken(authorization: string): string | undefined {
  const match = /^bearer +([\x21-\x7e]+)$/i.exec(authorization);
  return match?.[1];
}
