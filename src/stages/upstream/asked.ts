import { idKey, type MessageId } from '../../domain/message.ts';

/** Requests of a server that await the client's answer. Clients may leave them, so of very many the oldest go. */
export class Asked {
  readonly #keys = new Set<string>();
  readonly #onForgotten: () => void;

  /** `onForgotten` hears of each whose answer would no longer be passed on. */
  constructor(onForgotten: () => void) {
    this.#onForgotten = onForgotten;
  }

  add(id: MessageId): void {
    this.#keys.add(idKey(id));
    if (this.#keys.size <= askedMax) return;
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest);
      return this.#onForgotten();
    }
  }

  /** Whether it was asked; an answer is passed on once. */
  take(id: MessageId): boolean {
    return this.#keys.delete(idKey(id));
  }
}

export const askedMax = 1_000;
