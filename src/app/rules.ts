import { readFileSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';
import type { Caller } from '../domain/caller.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { PolicySet } from '../domain/policy.ts';
import type { Config, GrantConfig } from '../platform/config/config.ts';
import { isToken } from '../platform/config/grants.ts';
import type { LimitInForce } from '../rulebook/limit-rules.ts';
import { loadPolicy, type PolicyText } from '../rulebook/load.ts';
import { Credentials } from '../stages/identity/credentials.ts';
import { type TokenRead, tokenIn, tokensSeen } from './data-folder.ts';

/** Who may come in, and under which policy: replaced as a whole when configuration or policy files change. */
export type Rules = {
  readonly credentials: Credentials;
  readonly callers: ReadonlyMap<string, Caller>;
  readonly policies: ReadonlyMap<string, PolicySet>;
  /** Every limit of every policy. */
  readonly limits: readonly LimitInForce[];
  readonly arguments: 'digest' | 'full';
};

export type RulesRead =
  | { readonly kind: 'rules'; readonly rules: Rules; readonly warnings: readonly Diagnostic[] }
  | { readonly kind: 'invalid'; readonly errors: readonly Diagnostic[]; readonly warnings: readonly Diagnostic[] };

/** The rules of a configuration that is to run: tokens are made where their files are absent. */
export function readRules(config: RulesFrom): RulesRead {
  return read(config, tokenIn);
}

/** As {@link readRules} for who only wants to know: nothing is written. */
export function checkRules(config: RulesFrom): RulesRead {
  return read(config, tokensSeen());
}

type RulesFrom = Pick<Config, 'grants' | 'audit' | 'servers'>;

function read(config: RulesFrom, readToken: (file: string) => TokenRead): RulesRead {
  const errors: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  const policies = new Map<string, PolicySet>();
  const limits: LimitInForce[] = [];
  const callers = new Map<string, Caller>();
  const credentials: { caller: Caller; token: string }[] = [];
  for (const grant of config.grants) {
    const caller: Caller = {
      kind: 'caller',
      id: grant.name,
      grant: grant.name,
      agent: grant.agent,
      groups: grant.groups,
      servers: grant.servers,
    };
    callers.set(grant.name, caller);
    if (grant.policies.length > 0) {
      const ofGrant = readPolicy(grant);
      errors.push(...ofGrant.errors);
      warnings.push(...ofGrant.warnings);
      if (ofGrant.policy !== undefined) policies.set(grant.name, ofGrant.policy);
      limits.push(...ofGrant.limits);
    }
    const token = tokenOf(grant, readToken, errors, warnings);
    const twin = token === 'none' ? undefined : credentials.find((known) => known.token === token);
    if (twin !== undefined && grant.token.kind === 'file')
      errors.push(sameToken(grant.token.path, grant.name, twin.caller.grant));
    credentials.push({ caller, token });
  }
  if (errors.length > 0) return { kind: 'invalid', errors: unique(errors), warnings: unique(warnings) };
  const rules = {
    credentials: new Credentials(credentials),
    callers,
    policies,
    limits,
    arguments: config.audit.arguments,
  };
  return { kind: 'rules', rules, warnings: unique(warnings) };
}

/** The limits of every policy of a configuration, for reading. Policies that are invalid have none, and their errors. */
export function readLimits(config: Pick<Config, 'grants'>): {
  limits: readonly LimitInForce[];
  errors: readonly Diagnostic[];
} {
  const read = config.grants.filter((grant) => grant.policies.length > 0).map(readPolicy);
  return { limits: read.flatMap(({ limits }) => limits), errors: unique(read.flatMap(({ errors }) => errors)) };
}

/**
 * Policy files of one grant. Paths stand in messages relative to the working folder, as people type them. What agents
 * are told and what is counted is the same wherever the gateway was started.
 */
function readPolicy(grant: GrantConfig): {
  policy: PolicySet | undefined;
  limits: readonly LimitInForce[];
  errors: readonly Diagnostic[];
  warnings: readonly Diagnostic[];
} {
  const files: PolicyText[] = [];
  const within = commonFolder(grant.policies);
  const errors: Diagnostic[] = [];
  for (const path of grant.policies) {
    const file = shortPath(path);
    try {
      files.push({ file, name: relative(within, path), path, text: readFileSync(path, 'utf8') });
    } catch (fault) {
      const message = `the policy of the grant \`${grant.name}\` cannot be read (${(fault as NodeJS.ErrnoException).code ?? 'error'})`;
      errors.push({ file, line: 1, column: 1, message, hint: 'check the path' });
    }
  }
  if (errors.length > 0) return { policy: undefined, limits: [], errors, warnings: [] };
  const loaded = loadPolicy(files, { servers: grant.servers });
  if ('errors' in loaded) return { policy: undefined, limits: [], errors: loaded.errors, warnings: loaded.warnings };
  return { policy: loaded.policy, limits: loaded.limits, errors: [], warnings: loaded.warnings };
}

/** The innermost folder that holds all of them. */
function commonFolder(paths: readonly string[]): string {
  let folder = dirname(paths[0] ?? '.');
  const holds = (path: string): boolean =>
    `${dirname(path)}${sep}`.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  while (!paths.every(holds) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function tokenOf(
  grant: GrantConfig,
  readToken: (file: string) => TokenRead,
  errors: Diagnostic[],
  warnings: Diagnostic[],
): string {
  const { token } = grant;
  if (token.kind === 'none') return 'none';
  if (token.kind === 'value') return token.value;
  const { token: text, tightened } = readToken(token.path);
  if (tightened !== undefined) {
    const message = `the token of the grant \`${grant.name}\` ${tightened}`;
    warnings.push({ file: shortPath(token.path), line: 1, column: 1, message });
  }
  if (!isToken(text)) {
    const message = `the token of the grant \`${grant.name}\` is too short: at least 32 visible ASCII characters`;
    errors.push({
      file: shortPath(token.path),
      line: 1,
      column: 1,
      message,
      hint: 'delete the file and a new one is made at the next start',
    });
  }
  return text;
}

function sameToken(path: string, name: string, twin: string): Diagnostic {
  return {
    file: shortPath(path),
    line: 1,
    column: 1,
    message: `the grants \`${twin}\` and \`${name}\` have the same token`,
    hint: 'a token names one grant; give each a file of its own, and one that is absent is made at the next start',
  };
}

export function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}

function unique(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter((one) => {
    const key = `${one.file}:${one.line}:${one.column}:${one.message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
