/** Something needed is not to be had: exit code 69. `message` says what, `remedy` what to do. Both are sentences without full stop. */
export class Unavailable extends Error {
  readonly remedy: string;
  constructor(what: string, remedy: string) {
    super(what);
    this.name = 'Unavailable';
    this.remedy = remedy;
  }
}
