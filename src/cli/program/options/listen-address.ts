/** Reads the value of an option that is an address to listen at: `127.0.0.1:8443`, `[::1]:8443`, or `:8443` for every one. */

import { InvalidArgumentError } from "commander";

export type ListenAddress = { readonly host?: string; readonly port: number };

/** Commander prints the error with the option's name, and the command ends with status 2. */
export function listenAddress(text: string): ListenAddress {
  const { six, host, port } =
    /^(?:\[(?<six>[0-9a-fA-F:]+)\]|(?<host>[^:[\]]*)):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  const number = Number(port);
  if (port === undefined || number > 65_535)
    throw new InvalidArgumentError("expected HOST:PORT, [IPv6]:PORT or :PORT, with a port up to 65535.");
  const name = six ?? host;
  return name === undefined || name === "" ? { port: number } : { host: name, port: number };
}
