/**
 * Patterns in RE2 syntax that no text can make dear. The engine is linear, but linear times a large program is still long,
 * so three bounds hold: the size of the program, program × text, and less than that where the engine's automaton gives up
 * and it simulates every thread. What is above a bound is not searched, and the rule that asked refuses.
 */
import { RE2JS } from 're2js';

export const programSizeMax = 2_000;
/** Steps of the automaton: about 10 ns each once its states are made. */
export const searchCostMax = 20_000_000;
/** Steps of the simulation: about 25 ns each. */
const simulationCostMax = 3_000_000;
/** Steps of a replacement, all its matches together. */
const replaceCostMax = 8_000_000;
/** The automaton's states, an engine's cache that is 8 MiB a pattern if nobody says otherwise. */
const automatonBytesMax = 512 * 1024;
const patternLengthMax = 10_000;

export interface SafePattern {
  readonly source: string;
  /** Steps of its program. */
  readonly size: number;
  /** Whether the text holds a match; undefined where the search would cost too much. */
  search(text: string): boolean | undefined;
  /** The text with every match replaced; undefined where that would cost too much. */
  replaceAll(text: string, replacement: string): string | undefined;
}

type PatternError = { readonly error: string };

/** One pattern is compiled once, however many tools use it. */
const known = new Map<string, SafePattern | PatternError>();
const knownMax = 10_000;

export function safePattern(source: string): SafePattern | PatternError {
  let pattern = known.get(source);
  if (pattern === undefined) {
    pattern = compilePattern(source);
    if (known.size >= knownMax) known.clear();
    known.set(source, pattern);
  }
  return pattern;
}

function compilePattern(source: string): SafePattern | PatternError {
  if (source.length > patternLengthMax) return { error: `the pattern has more than ${patternLengthMax} characters` };
  let compiled: RE2JS;
  let size: number;
  try {
    compiled = RE2JS.compile(source);
    size = compiled.programSize();
  } catch (fault) {
    const why = fault instanceof Error ? fault.message.replace(/^error parsing regexp: /, '') : 'it cannot be compiled';
    return { error: `not a pattern in RE2 syntax: ${why.slice(0, 80)}` };
  }
  if (size > programSizeMax) return { error: `the pattern compiles to ${size} steps; at most ${programSizeMax}` };
  guardAutomaton(compiled, size);
  let replacing: Counted | undefined;
  return {
    source,
    size,
    search(text) {
      if (size * text.length > searchCostMax) return undefined;
      return withinBounds(() => compiled.test(text));
    },
    replaceAll(text, replacement) {
      replacing ??= new Counted(source, size);
      return replacing.replaceAll(text, replacement);
    },
  };
}

class TooDear extends Error {}

interface Engine {
  executeEngine(input: Input, ...rest: unknown[]): unknown;
}
interface Input {
  step(position: number): number;
}

/**
 * Finding every match may read the rest of the text once a match, whatever the pattern looks like, so here each character
 * read is counted. Of an instance of its own: counting is slow.
 */
class Counted {
  readonly #pattern: RE2JS;
  readonly #size: number;
  #spent = 0;

  constructor(source: string, size: number) {
    this.#pattern = RE2JS.compile(source);
    this.#size = size;
    const engine = this.#pattern.re2Input as unknown as Engine;
    const run = engine.executeEngine.bind(engine);
    engine.executeEngine = (input, ...rest) => {
      const step = (position: number): number => {
        this.#spent += this.#size;
        if (this.#spent > replaceCostMax) throw new TooDear();
        return input.step(position);
      };
      return run(Object.create(input, { step: { value: step } }) as Input, ...rest);
    };
  }

  replaceAll(text: string, replacement: string): string | undefined {
    this.#spent = 0;
    return withinBounds(() => this.#pattern.matcher(text).replaceAll(replacement));
  }
}

function withinBounds<T>(search: () => T): T | undefined {
  try {
    return search();
  } catch (fault) {
    if (fault instanceof TooDear) return undefined;
    throw fault;
  }
}

interface Automaton {
  maxMem: number;
  memBudget: number;
  stateBudget: number;
  match(input: { endPos(): number }, ...rest: unknown[]): unknown;
}

/**
 * Keeps the automaton small, and where it gives up (it answers null) lets the engine simulate only what is cheap. These
 * are fields of the pinned version of the library; with one that lacks them no pattern loads.
 */
function guardAutomaton(compiled: RE2JS, size: number): void {
  const { dfa } = compiled.re2Input as unknown as { dfa: Automaton };
  dfa.maxMem = automatonBytesMax;
  dfa.memBudget = automatonBytesMax;
  dfa.stateBudget = automatonBytesMax;
  const run = dfa.match.bind(dfa);
  dfa.match = (input, ...rest) => {
    const found = run(input, ...rest);
    if (found === null && input.endPos() * size > simulationCostMax) throw new TooDear();
    return found;
  };
}
