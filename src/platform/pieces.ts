/**
 * Bytes that come in pieces, until they are whole. However small the pieces, they take little more memory than they are
 * long: each by itself would take some hundred bytes.
 */
export class Pieces {
  #parts: Buffer[] = [];
  /** How many of them, from the first on, are large enough together. */
  #settled = 0;
  #looseBytes = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** How many pieces they are kept in. */
  get count(): number {
    return this.#parts.length;
  }

  push(piece: Buffer): void {
    this.#parts.push(piece);
    this.#bytes += piece.length;
    this.#looseBytes += piece.length;
    if (this.#parts.length - this.#settled < LOOSE_MAX) return;
    if (this.#looseBytes < LOOSE_MAX * LARGE_BYTES) this.#parts.push(Buffer.concat(this.#parts.splice(this.#settled)));
    this.#settled = this.#parts.length;
    this.#looseBytes = 0;
  }

  /** What came so far, in one piece; it begins anew. */
  take(): Buffer {
    const parts = this.#parts;
    this.#parts = [];
    this.#settled = 0;
    this.#looseBytes = 0;
    this.#bytes = 0;
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  }
}

const LOOSE_MAX = 256;
const LARGE_BYTES = 1_024;
