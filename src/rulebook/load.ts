/** Policy files → the policy of one grant: every error of every file with its place, or a compiled set and its warnings. */
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { PolicySet } from '../domain/policy.ts';
import type { PolicyDocument } from '../domain/policy-document.ts';
import { errorsMax, type SourceDocument } from '../platform/source-document.ts';
import { withWayOut } from '../platform/way-out.ts';
import { compilePolicy } from '../stages/policy/compile.ts';
import { contentHash } from './canonical.ts';
import { type LimitInForce, limitsOf } from './limit-rules.ts';
import { elsewhere, type LoadedDocument, located, type ReadPolicy, readPolicyDocument } from './read.ts';

export interface PolicyText extends Pick<PolicyDocument, 'file' | 'name' | 'path'> {
  readonly text: string;
}

export interface LoadOptions {
  /** The ids of the servers that the grant serves. */
  readonly servers?: readonly string[];
}

interface Loaded {
  readonly policy: PolicySet;
  readonly limits: readonly LimitInForce[];
  readonly warnings: readonly Diagnostic[];
}
interface NotLoaded {
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}
export type LoadResult = Loaded | NotLoaded;

export function loadPolicy(files: readonly PolicyText[], options: LoadOptions = {}): LoadResult {
  const loaded = loadDocuments(files, options);
  if ('errors' in loaded) return loaded;
  // What decides does not keep the texts it came from.
  const { policy, limits, warnings } = loaded;
  return { policy, limits, warnings };
}

/** As {@link loadPolicy}, with the documents beside what was compiled of them, in the order of the files. */
export function loadDocuments(
  files: readonly PolicyText[],
  options: LoadOptions = {},
): (Loaded & { readonly documents: readonly LoadedDocument[] }) | NotLoaded {
  const errors: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  const loaded: LoadedDocument[] = [];
  const unread = new Map<string, ReadPolicy['unread']>();
  for (const { file, text, name, path } of files) {
    const read = readPolicyDocument(file, text);
    warnings.push(...read.warnings);
    errors.push(...read.errors);
    unread.set(file, read.unread);
    if (read.loaded === undefined) continue;
    const named = { ...(name === undefined ? {} : { name }), ...(path === undefined ? {} : { path }) };
    loaded.push({ ...read.loaded, document: { ...read.loaded.document, ...named } });
  }
  if (files.length === 0) {
    errors.push({ file: '(none)', line: 1, column: 1, message: 'no policy file is named' });
  }
  for (const { document, source } of loaded) warnings.push(...unknownServers(document, source, options.servers));
  const documents = loaded.map(({ document }) => document);
  const compiled = compilePolicy(
    documents,
    contentHash(documents.map((d) => `${d.name ?? d.file}\n${d.hash}\n`).join('')),
    errorsMax,
  );
  if ('problems' in compiled) {
    // Everything was looked at; of very many mistakes the first hundred are said.
    for (const problem of compiled.problems.slice(0, errorsMax)) {
      const source = loaded.find(({ document }) => document.file === problem.file)?.source;
      if (source !== undefined) errors.push(...elsewhere([located(source, problem)], unread.get(problem.file)));
    }
  }
  if (errors.length > 0 || 'problems' in compiled)
    return {
      errors: inOrder(errors)
        .slice(0, errorsMax * Math.max(1, files.length))
        .map(withWayOut),
      warnings: inOrder(warnings),
    };
  return { policy: compiled.policy, limits: limitsOf(documents), warnings: inOrder(warnings), documents: loaded };
}

/** Where a policy has a block for one server alone, a call that names none is taken to be for that one. */
export function onlyServer(documents: readonly LoadedDocument[]): string | undefined {
  const named = new Set(documents.flatMap(({ document }) => [...document.servers.keys()]));
  return named.size === 1 ? [...named][0] : undefined;
}

function unknownServers(
  document: PolicyDocument,
  source: SourceDocument,
  servers: readonly string[] | undefined,
): Diagnostic[] {
  if (servers === undefined) return [];
  return [...document.servers].flatMap(([id, level]) =>
    servers.includes(id)
      ? []
      : [
          located(
            source,
            {
              pointer: level.pointer,
              message: `the grant serves no server \`${id}\``,
              hint: `it serves ${servers.map((s) => `\`${s}\``).join(', ') || 'none'}`,
            },
            'key',
          ),
        ],
  );
}

function inOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted((a, b) =>
    a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1,
  );
}
