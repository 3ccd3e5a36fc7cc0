/**
 * Gathers what is asked while an answer is awaited, and asks it together: under load a store is asked in few round
 * trips, and a lone question waits for nobody.
 */
export class Batch<Question, Answer> {
  readonly #ask: (questions: readonly Question[]) => Promise<readonly Answer[]>;
  readonly #sizeMax: number;
  readonly #underWayMax: number;
  readonly #waitMsMax: number;
  #waiting: Asked<Question, Answer>[] = [];
  #underWay = 0;
  #scheduled = false;

  /**
   * `ask` gives one answer for each question, in order; where it throws, all of them fail. What waited `waitMsMax` is
   * not asked any more: nobody listens to the answer.
   */
  constructor(options: {
    ask: (questions: readonly Question[]) => Promise<readonly Answer[]>;
    sizeMax: number;
    underWayMax: number;
    waitMsMax: number;
  }) {
    this.#ask = options.ask;
    this.#sizeMax = options.sizeMax;
    this.#underWayMax = options.underWayMax;
    this.#waitMsMax = options.waitMsMax;
  }

  put(question: Question): Promise<Answer> {
    this.#dropLate();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, at: performance.now(), resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      // What arrives in the same turn belongs together.
      setImmediate(() => {
        this.#scheduled = false;
        this.#send();
      });
    });
  }

  #dropLate(): void {
    const before = performance.now() - this.#waitMsMax;
    let late = 0;
    while (late < this.#waiting.length && (this.#waiting[late]?.at ?? 0) < before) late++;
    if (late === 0) return;
    for (const { reject } of this.#waiting.splice(0, late)) reject(new Error('the store is too slow to be asked'));
  }

  #send(): void {
    this.#dropLate();
    while (this.#waiting.length > 0 && this.#underWay < this.#underWayMax) {
      const asked = this.#waiting.splice(0, this.#sizeMax);
      this.#underWay++;
      this.#ask(asked.map(({ question }) => question))
        .then(
          (answers) => {
            asked.forEach(({ resolve, reject }, i) => {
              const answer = answers[i];
              if (answer === undefined) reject(new TypeError('the store left a question unanswered'));
              else resolve(answer);
            });
          },
          (fault: unknown) => {
            for (const { reject } of asked) reject(fault);
          },
        )
        .finally(() => {
          this.#underWay--;
          this.#send();
        });
    }
  }
}

type Asked<Question, Answer> = {
  readonly question: Question;
  readonly at: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (fault: unknown) => void;
};
