/**
 * Names and globs: `*` is any run of characters, `?` any one character (a code point), everything else itself; the whole
 * string, case-sensitive. Written here because the general glob libraries read more than these two and compile to a
 * backtracking engine; this one moves forward only, piece by piece.
 */
export function isGlob(pattern: string): boolean {
  return pattern.includes('*') || pattern.includes('?');
}

export type Matcher = (text: string) => boolean;

export function globMatcher(pattern: string): Matcher {
  if (!isGlob(pattern)) return (text) => text === pattern;
  const pieces = pattern.split(/\*+/).map(compilePiece);
  const first = pieces[0] as Piece;
  const last = pieces.at(-1) as Piece;
  if (pieces.length === 1) return (text) => first.matchAt(text, 0) === text.length;
  const middle = pieces.slice(1, -1);
  return (text) => {
    let at = first.matchAt(text, 0);
    if (at < 0) return false;
    for (const piece of middle) {
      at = piece.find(text, at);
      if (at < 0) return false;
    }
    return last.endsAt(text, at);
  };
}

/** A run without `*`. Positions are UTF-16 offsets; -1 is no match. */
interface Piece {
  matchAt(text: string, at: number): number;
  /** The offset after the first match at or after `from`. */
  find(text: string, from: number): number;
  /** Whether the text ends with the piece, not before `from`. */
  endsAt(text: string, from: number): boolean;
}

function compilePiece(source: string): Piece {
  if (!source.includes('?')) {
    return {
      matchAt: (text, at) => (text.startsWith(source, at) ? at + source.length : -1),
      find: (text, from) => {
        const at = text.indexOf(source, from);
        return at < 0 ? -1 : at + source.length;
      },
      endsAt: (text, from) => text.length - source.length >= from && text.endsWith(source),
    };
  }
  const parts = Array.from(source);
  const matchAt = (text: string, at: number): number => {
    let i = at;
    // A `?` past the end leads past it, where no piece that follows can begin.
    for (const part of parts) {
      const width = (text.codePointAt(i) as number) > 0xffff ? 2 : 1;
      if (part === '?') i += width;
      else if (text.startsWith(part, i)) i += part.length;
      else return -1;
    }
    return i;
  };
  return {
    matchAt,
    find: (text, from) => {
      for (let at = from; at < text.length; at++) {
        const end = matchAt(text, at);
        if (end >= 0) return end;
      }
      return -1;
    },
    endsAt: (text, from) => {
      let at = text.length;
      for (let i = 0; i < parts.length; i++) {
        at -= 1;
        if (at > 0 && isLowSurrogate(text, at)) at -= 1;
      }
      return at >= from && matchAt(text, at) === text.length;
    },
  };
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}
