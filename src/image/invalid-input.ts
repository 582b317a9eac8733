/** What a caller handed us cannot be used: names where in it, and what was expected there. */
export class InvalidInput extends Error {
  override readonly name = "InvalidInput";
  readonly path: string;
  readonly expected: string;

  /** @param path where in the input, for example `detail.containers[0].name`; empty for the whole */
  constructor(path: string, expected: string, options?: ErrorOptions) {
    super(path === "" ? `expected ${expected}` : `${path}: expected ${expected}`, options);
    this.path = path;
    this.expected = expected;
  }
}
