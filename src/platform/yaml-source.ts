/**
 * YAML 1.2 as a person needs it for settings and nothing more: one document, no anchors, aliases, tags or merge keys, no
 * key twice, numbers with their text. Depth and errors are bounded while reading, so that no file is dear to refuse.
 */
import {
  Composer,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type ParsedNode,
  Parser,
  type Document as YamlDocument,
} from 'yaml';
import { bounded, type Diagnostic } from '../domain/diagnostic.ts';
import { JsonNumber, type JsonValue } from '../domain/json.ts';
import {
  type DocumentPath,
  depthMax,
  errorsMax,
  LineIndex,
  type ReadResult,
  type SourceDocument,
} from './source-document.ts';

/** The parser keeps up to three tokens a level; past this the text is deeper than `depthMax` whatever it holds. */
const tokensOpenMax = depthMax * 3;

export function readYamlDocument(file: string, text: string): ReadResult {
  const lines = new LineIndex(text);
  const errors: Diagnostic[] = [];
  const report = (offset: number, message: string, hint?: string): void => {
    if (errors.length >= errorsMax) throw new TooMany();
    errors.push({
      file,
      ...lines.position(offset),
      message: bounded(message),
      ...(hint === undefined ? {} : { hint }),
    });
  };
  try {
    const composed = compose(text, report);
    if (composed === undefined) return { errors };
    const root = composed.contents as ParsedNode | null;
    if (root === null) {
      report(0, 'the file is empty');
      return { errors };
    }
    // A node's range begins after its anchor and tag.
    const wordBefore = (offset: number): number =>
      /\S+\s*$/.exec(text.slice(Math.max(0, offset - 200), offset))?.index ?? 0;
    const placeBefore = (offset: number): number => Math.max(0, offset - 200) + wordBefore(offset);
    const value = toValue(root, report, placeBefore, 0);
    const document: SourceDocument = {
      file,
      format: 'yaml',
      value,
      locate: (path, part) => lines.position(offsetOf(root, path, part)),
    };
    return errors.length > 0 ? { errors, rest: document } : { document };
  } catch (fault) {
    if (fault instanceof TooMany) return { errors };
    throw fault;
  }
}

class TooMany extends Error {}

type Report = (offset: number, message: string, hint?: string) => void;

function compose(text: string, report: Report): YamlDocument.Parsed | undefined {
  const parser = new Parser();
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, logLevel: 'silent', merge: false });
  // The library collects every error before it answers; a text of 200,000 commas would take seconds.
  const told = composer as unknown as { onError: (...problem: readonly unknown[]) => void };
  const collect = told.onError;
  let collected = 0;
  told.onError = (...problem) => {
    if (++collected > errorsMax) throw new CollectedEnough();
    collect(...problem);
  };
  const documents: YamlDocument.Parsed[] = [];
  try {
    for (const lexeme of new Lexer().lex(text)) {
      for (const token of parser.next(lexeme)) for (const d of composer.next(token)) documents.push(d);
      if (parser.stack.length > tokensOpenMax) {
        report(parser.offset, `nested more than ${depthMax} levels deep`);
        return undefined;
      }
      if (documents.length > 1) break;
    }
    for (const token of parser.end()) for (const d of composer.next(token)) documents.push(d);
    for (const d of composer.end(true, text.length)) documents.push(d);
  } catch (fault) {
    if (!(fault instanceof CollectedEnough)) throw fault;
    report(parser.offset, `more than ${errorsMax} syntax errors; this is no YAML`);
    return undefined;
  }
  const [document, second] = documents;
  if (document === undefined) return undefined;
  const hinted = new Set<string>();
  for (const error of document.errors) {
    const [at] = error.pos;
    const hint = quotesHint(lineAt(text, at));
    // Several errors of one line have one cause.
    report(at, syntaxMessage(error.message), hint === undefined || hinted.has(hint) ? undefined : hint);
    if (hint !== undefined) hinted.add(hint);
  }
  if (second !== undefined) report(second.range[0], 'a second document; write one document a file');
  return document.errors.length > 0 || second !== undefined ? undefined : document;
}

class CollectedEnough extends Error {}

/** Of the line that is wrong, what stands near. */
function lineAt(text: string, at: number): string {
  const near = text.slice(Math.max(0, at - nearMax), at + nearMax);
  const before = Math.min(at, nearMax);
  const end = near.indexOf('\n', before);
  return near.slice(near.lastIndexOf('\n', before - 1) + 1, end < 0 ? near.length : end);
}

const nearMax = 200;

/** What YAML makes of globs and paths that stand without quotes is nothing that anybody meant. */
function quotesHint(line: string): string | undefined {
  if (/\w\[(?:\*|[0-9]+)\]/.test(line))
    return 'inside `{ }` a path with brackets stands in quotes: "args.items[*].qty"';
  return /(?:^|[\s,[{])\*/.test(line) ? quoteStar : undefined;
}

const quoteStar = 'what begins with `*` stands in quotes, for example "*_withdraw*"';

function syntaxMessage(message: string): string {
  if (message.startsWith('Alias cannot be an empty string')) return 'an alias (`*`) is not allowed';
  const text = message.replace(/\.$/, '');
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function toValue(
  node: ParsedNode | null,
  report: Report,
  wordBefore: (offset: number) => number,
  depth: number,
): JsonValue {
  if (node === null) return null;
  const at = node.range[0];
  if (depth > depthMax) {
    report(at, `nested more than ${depthMax} levels deep`);
    return null;
  }
  if (isAlias(node)) {
    report(at, 'an alias (`*`) is not allowed', `write the value out; ${quoteStar}`);
    return null;
  }
  if (node.anchor !== undefined) report(wordBefore(at), 'an anchor (`&`) is not allowed', 'write the value out');
  if (node.tag !== undefined) report(wordBefore(at), 'a tag (`!`) is not allowed', 'write the plain value');
  if (isMap(node)) {
    const object = Object.create(null) as Record<string, JsonValue>;
    for (const pair of node.items) {
      const keyNode = pair.key as ParsedNode | null;
      const key = keyText(keyNode);
      const keyAt = keyNode?.range[0] ?? at;
      if (key === undefined) report(keyAt, 'a key must be a plain word or a string');
      else if (key === '__proto__') report(keyAt, 'the key `__proto__` is not allowed');
      else if (key === '<<') report(keyAt, 'a merge key (`<<`) is not allowed', 'write the entries out');
      else if (key in object) report(keyAt, `the key \`${key}\` is written twice`);
      else {
        if (keyNode !== null && 'anchor' in keyNode && keyNode.anchor !== undefined) {
          report(keyAt, 'an anchor (`&`) is not allowed', 'write the value out');
        }
        object[key] = toValue(pair.value as ParsedNode | null, report, wordBefore, depth + 1);
      }
    }
    return object;
  }
  if (isSeq(node)) return node.items.map((item) => toValue(item as ParsedNode | null, report, wordBefore, depth + 1));
  if (!isScalar(node)) return null;
  return scalarValue(node.value, node.source, node.type, at, report);
}

function keyText(node: ParsedNode | null): string | undefined {
  if (node === null || !isScalar(node) || node.tag !== undefined) return undefined;
  if (typeof node.value === 'string') return node.value;
  // `404:` or `true:` as a name: the name is what was written.
  return node.type === 'PLAIN' && node.source !== '' ? node.source : undefined;
}

function scalarValue(
  value: unknown,
  source: string | undefined,
  type: string | null | undefined,
  at: number,
  report: Report,
): JsonValue {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) report(at, 'a string with half a surrogate pair');
    return value;
  }
  if (value === null || typeof value === 'boolean') return value;
  if ((typeof value === 'number' || typeof value === 'bigint') && type === 'PLAIN' && source !== undefined) {
    const text = numberText(source);
    if (text !== undefined) return new JsonNumber(text);
    report(at, `\`${source.slice(0, 40)}\` is no decimal number`, 'write a decimal, or quote it to make it text');
    return null;
  }
  report(at, 'this kind of value is not allowed');
  return null;
}

/** A YAML core-schema number as JSON number text; octal, hexadecimal, leading zeros and infinities are refused. */
function numberText(source: string): string | undefined {
  const match = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eE][+-]?[0-9]+)?$/.exec(source);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = ''] = match;
  if (whole.length > 1 && whole.startsWith('0')) return undefined;
  if (whole === '' && fraction === '') return undefined;
  return (sign === '-' ? '-' : '') + (whole === '' ? '0' : whole) + (fraction === '' ? '' : `.${fraction}`) + exponent;
}

function offsetOf(root: ParsedNode, path: DocumentPath, part: 'key' | 'value'): number {
  let node: ParsedNode | null = root;
  let offset = root.range[0];
  for (let i = 0; i < path.length; i++) {
    const last = i === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((item) => keyText(item.key as ParsedNode | null) === String(path[i]));
      if (pair === undefined) return offset;
      const keyNode = pair.key as ParsedNode;
      node = pair.value as ParsedNode | null;
      offset = last && part === 'key' ? keyNode.range[0] : placeOf(node, keyNode.range[0]);
    } else if (isSeq(node)) {
      const item = node.items[Number(path[i])] as ParsedNode | undefined;
      if (item === undefined) return offset;
      node = item;
      offset = node.range[0];
    } else return offset;
  }
  return offset;
}

/** An empty value (`get_me:`) stands where its key stands. */
function placeOf(node: ParsedNode | null, keyOffset: number): number {
  if (node === null || (isScalar(node) && node.source === '' && node.type === 'PLAIN')) return keyOffset;
  return node.range[0];
}
