import type { Diagnostic } from '../../domain/diagnostic.ts';
import type { SourceDocument } from '../yaml-document.ts';
import type { Origin } from './config.ts';
import type { ConfigFile } from './schema.ts';
import { fillIn, hasReference, looksSecret } from './secrets.ts';

/** Keys and positions from the root of the file. */
type Path = readonly (string | number)[];

/** What outranks the file. */
export type Overrides = Partial<Record<'listen' | 'admin' | 'data' | 'storage' | 'limits', string>>;

/** One configuration while it is read: what is written, what outranks it, and what is wrong with it, each with its place. */
export class ConfigSource {
  readonly written: ConfigFile;
  /** The folder that paths are relative to. */
  readonly base: string;
  readonly env: NodeJS.ProcessEnv;
  readonly errors: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  /** Where each value came from, by its path in the file. */
  readonly origin = new Map<string, Origin>();
  /** Texts with a secret in them, as they are in force. */
  readonly secrets = new Set<string>();
  readonly #file: string;
  readonly #document: SourceDocument;
  readonly #flags: Overrides;

  constructor(options: {
    file: string;
    base: string;
    written: ConfigFile;
    document: SourceDocument;
    flags: Overrides;
    env: NodeJS.ProcessEnv;
  }) {
    this.#file = options.file;
    this.base = options.base;
    this.written = options.written;
    this.#document = options.document;
    this.#flags = options.flags;
    this.env = options.env;
  }

  /** A value that a flag or a variable may outrank. */
  value(key: 'listen' | 'admin' | 'data' | 'storage' | 'limits', fallback: string): string {
    const flag = this.#flags[key];
    const environment = this.env[variable(key)];
    const file = this.written[key];
    this.origin.set(
      key,
      flag !== undefined ? 'flag' : environment !== undefined ? 'environment' : file !== undefined ? 'file' : 'default',
    );
    return flag ?? environment ?? file ?? fallback;
  }

  filledRecord(at: Path, record: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, this.filled([...at, key], value)]));
  }

  /** The text with its references filled in; empty where one is missing, which is then an error. */
  filled(at: Path, text: string): string {
    const isLiteral = looksSecret(String(at.at(-1)), text);
    if (isLiteral && at.at(-1) !== 'url') {
      this.warn(at, 'this looks like a secret', 'keep it out of the file: ${env:NAME} or ${file:PATH}');
    }
    const filled = fillIn(text, this.base, this.env);
    if ('value' in filled) {
      if (isLiteral || hasReference(text)) this.secrets.add(filled.value);
      return filled.value;
    }
    this.error(at, filled.missing, 'provide it, or take the reference out');
    return '';
  }

  error(at: Path, message: string, hint: string): void {
    this.#place(this.errors, at, message, hint);
  }

  warn(at: Path, message: string, hint: string): void {
    this.#place(this.warnings, at, message, hint);
  }

  #place(to: Diagnostic[], at: Path, message: string, hint: string): void {
    const { line, column } = this.#document.locate(at, 'value');
    to.push({ file: this.#file, line, column, message: `${message}${this.#elsewhere(at)}`, hint });
  }

  /** Where a value came from that outranks the one of the file. */
  #elsewhere([key, ...more]: Path): string {
    if (typeof key !== 'string' || more.length > 0) return '';
    switch (this.origin.get(key)) {
      case 'flag':
        return ` (from --${key})`;
      case 'environment':
        return ` (from ${variable(key)})`;
      default:
        return '';
    }
  }
}

/** The environment variable that outranks a key of the file. */
function variable(key: string): string {
  return `SALLYPORT_${key.toUpperCase()}`;
}
