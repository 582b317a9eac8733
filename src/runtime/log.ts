/** What the product needs of a logger: a static message, and fields. Powertools' Logger fits it as it is. */
export type LogFields = { readonly [name: string]: unknown };

type Write = (message: string, ...fields: LogFields[]) => void;

export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
