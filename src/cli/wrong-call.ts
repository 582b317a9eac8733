/** Options that do not go together, or that are missing: exit status 2. */
export class WrongCall extends Error {
  override readonly name = "WrongCall";
}
