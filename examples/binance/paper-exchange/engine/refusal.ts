import texts from './refusals.json' with { type: 'json' };

/**
 * The exchange's way of saying no: HTTP status, Binance code and message. Thrown, and caught in one place (the route
 * dispatcher), because a refusal can come from any depth of a placement. Everything that may refuse does so before
 * it has changed anything.
 */
export class Refusal extends Error {
  readonly status: number;
  readonly code: number;

  constructor(code: number, message: string, status = 400) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.status = status;
  }
}

/** A code that has one documented text. */
export type RefusalCode = NumberIn<keyof typeof texts>;
type NumberIn<Text> = Text extends `${infer Code extends number}` ? Code : never;

/** A refusal with the documented text of its code. */
export const refuse = (code: RefusalCode, status = 400): Refusal => new Refusal(code, texts[`${code}`], status);
