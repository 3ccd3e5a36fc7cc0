/** `policy explain`: the verdict on one call and every rule that was looked at. */
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { PolicySet } from '../domain/policy.ts';
import { callDiagnostics, readCallText } from './call-file.ts';
import { type CounterState, Counters, type Judged, judgeCall } from './judge.ts';
import { type KnownTool, readKnownTools } from './known-tools.ts';
import { loadDocuments, onlyServer } from './load.ts';
import { located } from './read.ts';
import { readStateFile } from './state-file.ts';
import { explainWords } from './words.ts';

export interface ExplainInput {
  readonly policy: SourceFile;
  readonly call: SourceFile;
  readonly state?: SourceFile | undefined;
  readonly catalogue?: SourceFile | undefined;
  /** Epoch milliseconds, where the call has no time. */
  readonly now: number;
}

interface SourceFile {
  readonly file: string;
  readonly text: string;
}

export type ExplainResult =
  | { readonly judged: Judged; readonly words: string }
  /** A file that is not what it should be. */
  | { readonly errors: readonly Diagnostic[] };

export function explainCall(input: ExplainInput): ExplainResult {
  const { policy, call } = input;
  const loaded = loadDocuments([policy]);
  if ('errors' in loaded) return loaded;
  const [document] = loaded.documents;
  if (document === undefined) return { errors: [] };
  const known = catalogueOf(input.catalogue);
  if ('errors' in known) return known;
  const state = stateOf(input.state, loaded.policy);
  if ('errors' in state) return state;
  const server = onlyServer(loaded.documents);
  const read = readCallText(call.text, { now: input.now, tools: known.tools, server });
  switch (read.kind) {
    case 'wrong':
      return { errors: callDiagnostics(call.file, read.problems) };
    case 'undecodable': {
      const judged: Judged = { verdict: 'refuse', rule: '(decode)', reason: read.why, trail: [] };
      return { judged, words: explainWords(judged, () => undefined) };
    }
    case 'call': {
      const judged = judgeCall(loaded.policy, read.call, new Counters(loaded.policy, state.counters));
      const where = (rule: string): string | undefined => {
        if (!rule.startsWith('/')) return undefined;
        const at = located(document.source, { pointer: rule, message: '' }, 'key');
        return `${at.file}:${at.line}:${at.column}`;
      };
      return { judged, words: explainWords(judged, where) };
    }
    default:
      return read satisfies never;
  }
}

type Catalogue = { readonly tools: readonly KnownTool[] | undefined } | { readonly errors: readonly Diagnostic[] };

function catalogueOf(file: SourceFile | undefined): Catalogue {
  return file === undefined ? { tools: undefined } : readKnownTools(file.file, file.text);
}

type State = { readonly counters: readonly CounterState[] } | { readonly errors: readonly Diagnostic[] };

function stateOf(file: SourceFile | undefined, policy: PolicySet): State {
  return file === undefined ? { counters: [] } : readStateFile(file.file, file.text, policy);
}
