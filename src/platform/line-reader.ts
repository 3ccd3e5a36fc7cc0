import { Pieces } from './pieces.ts';

/**
 * Lines out of chunks, without their line feed (and a carriage return before it). A line over the bound is skipped to
 * its end and reported by its first and last bytes.
 */
export class LineReader {
  readonly #options: {
    readonly bytesMax: number;
    readonly onLine: (line: Buffer) => void;
    readonly onLongLine: (head: Buffer, tail: Buffer) => void;
  };
  readonly #line = new Pieces();
  #head: Buffer | undefined;
  #tail: Buffer = Buffer.alloc(0);

  constructor(options: {
    bytesMax: number;
    onLine: (line: Buffer) => void;
    onLongLine: (head: Buffer, tail: Buffer) => void;
  }) {
    this.#options = options;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      if (end === -1) break;
      this.#part(chunk.subarray(start, end));
      this.#lineEnds();
      start = end + 1;
    }
    if (start < chunk.length) this.#part(chunk.subarray(start));
  }

  /** Nothing more comes: what stands after the last line feed is a line too. */
  end(): void {
    if (this.#line.bytes > 0 || this.#head !== undefined) this.#lineEnds();
  }

  #part(part: Buffer): void {
    if (this.#head !== undefined) {
      this.#tail = Buffer.concat([this.#tail, part]).subarray(-EDGE_BYTES);
      return;
    }
    this.#line.push(part);
    if (this.#line.bytes <= this.#options.bytesMax) return;
    const whole = this.#line.take();
    this.#head = Buffer.from(whole.subarray(0, EDGE_BYTES));
    this.#tail = Buffer.from(whole.subarray(-EDGE_BYTES));
  }

  #lineEnds(): void {
    const head = this.#head;
    const tail = this.#tail;
    let line = this.#line.take();
    this.#head = undefined;
    this.#tail = Buffer.alloc(0);
    if (head !== undefined) return this.#options.onLongLine(head, tail);
    if (line.at(-1) === 0x0d) line = line.subarray(0, -1);
    if (line.length > 0) this.#options.onLine(line);
  }
}

const EDGE_BYTES = 4_096;
