/**
 * The text of a parsed expression that was rewritten: read again, it is the same expression. The library's own leaves
 * out parentheses that matter (`a == (b == c)`, `a * (b % c)`) and rounds numbers to nine places.
 */
import { type ASTNode, serialize } from '@marcbachmann/cel-js';

/** As the library's grammar has it: what binds tighter has the higher number, what stands between signs the highest. */
const binding: Readonly<Record<string, number>> = {
  '?:': 1,
  '||': 2,
  '&&': 3,
  '==': 4,
  '!=': 4,
  '<': 5,
  '<=': 5,
  '>': 5,
  '>=': 5,
  in: 5,
  '+': 6,
  '-': 6,
  '*': 7,
  '/': 7,
  '%': 7,
  '!_': 8,
  '-_': 8,
};
const tightest = 9;

/** @throws TypeError on what the library's grammar has, and expressions here cannot be. */
export function textOf(node: ASTNode): string {
  switch (node.op) {
    case 'value':
      return literalText(node.args);
    case 'id':
      return node.args;
    case '||':
    case '&&':
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
    case 'in':
    case '+':
    case '-':
    case '*':
    case '/':
    case '%': {
      const [left, right] = node.args;
      const own = binding[node.op] ?? tightest;
      // All of them are read from left to right.
      return `${within(left, own)} ${node.op} ${within(right, own + 1)}`;
    }
    case '!_':
      return `!${within(node.args, tightest - 1)}`;
    case '-_':
      return `-${within(node.args, tightest - 1)}`;
    case '?:': {
      const [condition, yes, no] = node.args;
      return `${within(condition, 2)} ? ${textOf(yes)} : ${textOf(no)}`;
    }
    case '.':
      return `${within(node.args[0], tightest)}.${node.args[1]}`;
    case '[]':
      return `${within(node.args[0], tightest)}[${textOf(node.args[1])}]`;
    case 'call':
      return `${node.args[0]}(${listText(node.args[1])})`;
    case 'rcall':
      return `${within(node.args[1], tightest)}.${node.args[0]}(${listText(node.args[2])})`;
    case 'list':
      return `[${listText(node.args)}]`;
    case 'map':
      return `{${node.args.map(([key, value]) => `${textOf(key)}: ${textOf(value)}`).join(', ')}}`;
    default:
      throw new TypeError(`\`${node.op}\` has no text`);
  }
}

function listText(nodes: readonly ASTNode[]): string {
  return nodes.map(textOf).join(', ');
}

function within(node: ASTNode, bindingMin: number): string {
  const text = textOf(node);
  return (binding[node.op] ?? tightest) < bindingMin ? `(${text})` : text;
}

function literalText(value: unknown): string {
  if (typeof value === 'number') {
    const text = String(value);
    return /[.e]/.test(text) ? text : `${text}.0`;
  }
  const text = serialize({ op: 'value', args: value } as ASTNode);
  return typeof value === 'string' ? withWholeCharacters(text) : text;
}

/** The library writes a character beyond U+FFFF as two escapes, which it does not read. Escapes are taken one by one. */
function withWholeCharacters(text: string): string {
  return text.replace(
    /\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|[^])/gi,
    (escape, high: string | undefined, low: string | undefined) =>
      high === undefined || low === undefined
        ? escape
        : String.fromCharCode(Number.parseInt(high, 16), Number.parseInt(low, 16)),
  );
}
