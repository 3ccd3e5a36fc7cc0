/** What a tool is: its words, its schemas, its risk, and the function that answers. */
import * as z from 'zod';
import type { Account, Requests } from './exchange/account.ts';
import type { Row } from './exchange/rows.ts';
import type { Language, Say } from './language.ts';
import type { Guards, Mode } from './settings.ts';

/** `read` changes nothing; `change` changes orders or settings; `destructive` takes something away. */
type Risk = 'read' | 'change' | 'destructive';

/** Everything a tool may look at while it answers one call. */
export interface ToolContext {
  readonly say: Say;
  readonly language: Language;
  readonly requests: Requests;
  readonly account: Account;
  readonly guards: Guards;
  readonly venue: { readonly mode: Mode; readonly urls: Readonly<Record<string, string | undefined>> };
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** A call that did what it was asked. `text` is for people and models, `structured` says the same to programs. */
export interface Answer {
  readonly kind: 'answer';
  readonly text: string;
  readonly structured: Row;
}

/** A call that was refused or failed: becomes `isError`, with what it means and what to do next. */
export interface Refused {
  readonly kind: 'refused';
  /** The exchange's code, or the one that it would have answered. */
  readonly code?: number | undefined;
  readonly reason: string;
  readonly message: string;
  readonly next?: string | undefined;
  readonly details?: Row | undefined;
}

export type Outcome = Answer | Refused;

export function answer(text: string, structured: Row): Answer {
  return { kind: 'answer', text, structured };
}

export function refuse(parts: Omit<Refused, 'kind'>): Refused {
  return { kind: 'refused', ...parts };
}

export interface Tool {
  readonly name: string;
  readonly risk: Risk;
  /** A repeat of the same call has no further effect. */
  readonly idempotent: boolean;
  title(say: Say): string;
  description(say: Say): string;
  /** A strict object: an argument that it does not name is an error. */
  input(say: Say): z.ZodObject;
  /** The structured content of a success. */
  readonly output: z.ZodObject;
  /**
   * Checks the arguments; nothing is sent before they fit.
   * @param given arguments as they came
   * @returns the work itself, which throws ExchangeFault when the exchange fails
   * @throws ZodError when they do not fit
   */
  prepare(given: unknown, language: Language, say: Say): (context: ToolContext) => Promise<Outcome>;
}

interface ToolParts<S extends z.ZodObject> {
  readonly name: string;
  readonly risk: Risk;
  readonly idempotent?: boolean;
  readonly title: (say: Say) => string;
  readonly description: (say: Say) => string;
  readonly input: (say: Say) => S;
  readonly output: z.ZodObject;
  readonly run: (args: z.output<S>, context: ToolContext) => Promise<Outcome>;
}

export function defineTool<S extends z.ZodObject>(parts: ToolParts<S>): Tool {
  const schemas = new Map<Language, S>();
  const schemaFor = (say: Say, language: Language): S => {
    const made = schemas.get(language) ?? parts.input(say);
    schemas.set(language, made);
    return made;
  };
  return {
    name: parts.name,
    risk: parts.risk,
    idempotent: parts.idempotent ?? parts.risk === 'read',
    title: parts.title,
    description: parts.description,
    input: parts.input,
    output: parts.output,
    prepare: (given, language, say) => {
      const args = schemaFor(say, language).parse(given, { reportInput: true });
      return (context) => parts.run(args, context);
    },
  };
}
