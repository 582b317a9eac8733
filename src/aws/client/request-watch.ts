/**
 * Every request of every client of ours, seen before it is sent: a command that is stopped sends no more, and says where
 * no answer comes.
 *
 * The SDK's own seam for it is a runtime extension, which is given the client's HTTP handler:
 * https://github.com/smithy-lang/smithy-typescript, packages/core, protocol-http/extensions (read 2026-11).
 */

export type WatchedRequest = {
  readonly host: string;
  /** `RegisterTaskDefinition`; of a REST service the method and the path. */
  readonly action: string;
  /** Whether it may change anything. */
  readonly isWrite: boolean;
};

/** Sends one request, or rejects in its place; the signal ends it where it waits. */
export type RequestWatch = <T>(
  request: WatchedRequest,
  send: (signal: AbortSignal | undefined) => Promise<T>,
) => Promise<T>;

type HttpRequest = {
  readonly method: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
};
type Options = { readonly abortSignal?: unknown };
type Handler = { handle(request: HttpRequest, options?: Options): Promise<unknown> };

/** What reads alone, by the first word of its name; whatever else there is, or will be, counts as a write. */
const READS =
  /^(?:Assume|Batch(?:Check|Get)|Check|Decode|Describe|Get|Head|List|Query|Receive|Scan|Simulate|Test)/;

/** The extensions of a client's configuration by which its requests are seen. */
export function extensionsOf(watch: RequestWatch) {
  return [
    {
      // biome-ignore lint/suspicious/noExplicitAny: each client has a type of its own for what all are given alike
      configure(client: any): void {
        const handler = client.httpHandler() as Handler;
        const send = handler.handle.bind(handler);
        handler.handle = (request, options) =>
          watch(watchedRequest(request), (signal) => send(request, withSignal(options, signal)));
      },
    },
  ];
}

function withSignal(options: Options | undefined, signal: AbortSignal | undefined): Options {
  if (signal === undefined) return options ?? {};
  const own = options?.abortSignal;
  return { ...options, abortSignal: own instanceof AbortSignal ? AbortSignal.any([own, signal]) : signal };
}

export function watchedRequest({ method, hostname, port, path, headers, body }: HttpRequest): WatchedRequest {
  const target = headers["x-amz-target"] ?? headers["X-Amz-Target"];
  const named =
    target?.slice(target.lastIndexOf(".") + 1) ??
    (typeof body === "string" ? /^Action=(\w+)/.exec(body)?.[1] : undefined);
  const isWrite = named === undefined ? method !== "GET" && method !== "HEAD" : !READS.test(named);
  const host = port === undefined ? hostname : `${hostname}:${port}`;
  return { host, action: named ?? `${method} ${path.split("?")[0]}`, isWrite };
}
