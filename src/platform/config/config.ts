import type { Bounds } from './bounds.ts';

/** The configuration in force: every path absolute, every default filled in, secrets resolved. */
export type Config = {
  readonly file: string | undefined;
  readonly listen: Endpoint;
  readonly admin: Endpoint;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  readonly data: string;
  readonly storage: string;
  readonly limits: string;
  readonly servers: readonly ServerConfig[];
  readonly grants: readonly GrantConfig[];
  readonly audit: { readonly arguments: 'digest' | 'full'; readonly keepMs: number };
  readonly bounds: Bounds;
  /** Where each value came from, by its path in the file. */
  readonly origin: ReadonlyMap<string, Origin>;
  /** Texts with a secret in them, as they are in force: never to be shown. */
  readonly secrets: ReadonlySet<string>;
};

export type Endpoint = { readonly host: string; readonly port: number };
export type Origin = 'flag' | 'environment' | 'file' | 'default';

export type ServerConfig = {
  readonly id: string;
  readonly transport:
    | {
        readonly kind: 'child';
        readonly command: string;
        readonly args: readonly string[];
        readonly env: Readonly<Record<string, string>>;
        readonly cwd: string;
      }
    | { readonly kind: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> };
  readonly silenceMsMax: number;
};

export type GrantConfig = {
  readonly name: string;
  readonly token:
    | { readonly kind: 'none' }
    | { readonly kind: 'value'; readonly value: string }
    /** Made on first start where the file is absent. */
    | { readonly kind: 'file'; readonly path: string };
  readonly servers: readonly string[];
  /** Absolute paths; empty: everything is refused. */
  readonly policies: readonly string[];
  readonly agent: string | undefined;
  readonly groups: readonly string[];
};
