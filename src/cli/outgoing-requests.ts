/**
 * What a command sends, seen as one: whether a write has begun, which host does not answer, and that a command which was
 * stopped sends no more.
 */

import type { RequestWatch } from "../aws/client/request-watch.ts";
import type { Send } from "../oci/http/transport.ts";
import type { Clock, Timer } from "../runtime/clock.ts";
import { visible } from "../text/visible.ts";

/** After so long without an answer a person gets a message. */
const TOLD_MS = 5_000;
/** A host of AWS that answered nothing for so long is not waited for any more. */
const SILENT_MS = 20_000;
/**
 * One operation may get no answer where others do: behind one endpoint stand many services. So another one is still sent,
 * and waited for so long. Without an answer to that one either, the host counts as silent.
 */
const OTHER_OPERATION_MS = 10_000;
/** Until it is asked again: by then every try of one call has ended, and a later one may find it well. */
const LEFT_ALONE_MS = 20_000;

export type Outgoing = {
  /** For the clients of AWS. */
  readonly watch: RequestWatch;
  /**
   * For a registry's transport.
   * @param heedsItself what sends heeds the signal, and has something to tidy up after it
   */
  sending(send: Send, heedsItself?: boolean): Send;
  /** A request that changes something has been sent. */
  hasBegun(): boolean;
  /** The writes that were sent and are not answered, in words. */
  underWay(): readonly string[];
  /** Runs something once no write is under way. */
  whenIdle(run: () => void): void;
};

type Host = {
  waiting: number;
  /** Since when it owes every answer. */
  since: number;
  /** When a request of it last ended, by an answer or without. */
  ended: number;
  told: boolean;
  leftAloneUntil: number;
  /** The operations that it gave no answer to, and until when they are not sent again. */
  readonly unanswered: Map<string, number>;
};

export function createOutgoing(
  { signal, err }: { readonly signal: AbortSignal; err(text: string): void },
  clock: Pick<Clock, "now"> & Timer,
): Outgoing {
  const hosts = new Map<string, Host>();
  const writes: string[] = [];
  let begun = false;
  let idle: (() => void)[] = [];

  const hostOf = (name: string): Host => {
    const known = hosts.get(name);
    if (known !== undefined) return known;
    const host = { waiting: 0, since: 0, ended: 0, told: false, leftAloneUntil: 0, unanswered: new Map() };
    hosts.set(name, host);
    return host;
  };
  const owesFromNow = (host: Host): void => {
    host.since = clock.now();
    host.told = false;
  };

  /** Notes a write from its sending to its end. */
  const noted = async <T>(words: string, send: () => Promise<T>): Promise<T> => {
    begun = true;
    writes.push(words);
    try {
      return await send();
    } finally {
      writes.splice(writes.indexOf(words), 1);
      if (writes.length === 0) for (const run of idle.splice(0)) run();
    }
  };

  /** Sends to a host, and reports where it does not answer. */
  const telling = async <T>(name: string, host: Host, send: () => Promise<T>): Promise<T> => {
    if (host.waiting === 0 && clock.now() - host.ended >= LEFT_ALONE_MS) owesFromNow(host);
    host.waiting += 1;
    const callOff = clock.after(TOLD_MS, () => {
      if (host.told || host.since + TOLD_MS > clock.now()) return;
      host.told = true;
      err(`no answer from ${visible(name)} for ${TOLD_MS / 1000} s, still waiting\n`);
    });
    try {
      const answer = await send();
      owesFromNow(host);
      return answer;
    } finally {
      host.waiting -= 1;
      host.ended = clock.now();
      callOff();
    }
  };

  /** The same, and gives the operation up where the host stays silent, and then the host. */
  const patient = async <T>(
    name: string,
    host: Host,
    action: string,
    send: (late: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const late = new AbortController();
    const isDoubtful = [...host.unanswered.values()].some((until) => clock.now() < until);
    if (isDoubtful && host.waiting === 0) owesFromNow(host);
    const patience = isDoubtful ? OTHER_OPERATION_MS : SILENT_MS;
    return await telling(name, host, async () => {
      const callOff = clock.after(Math.max(0, host.since + patience - clock.now()), () => {
        // A host that has answered other requests meanwhile is not silent.
        if (host.since + patience > clock.now()) return;
        const until = clock.now() + LEFT_ALONE_MS;
        host.unanswered.set(action, until);
        if (isDoubtful) host.leftAloneUntil = until;
        late.abort(silent(name, patience));
      });
      try {
        return await send(late.signal);
      } catch (error) {
        throw late.signal.aborted ? late.signal.reason : error;
      } finally {
        callOff();
      }
    });
  };

  const watch: RequestWatch = async ({ host: name, action, isWrite }, send) => {
    signal.throwIfAborted();
    const host = hostOf(name);
    const isLeftAlone = clock.now() < Math.max(host.leftAloneUntil, host.unanswered.get(action) ?? 0);
    if (isLeftAlone) throw silent(name, SILENT_MS);
    // A write that was sent is not given up when the command is stopped: what became of it shall be known.
    return isWrite
      ? await noted(`${action} at ${name}`, () => patient(name, host, action, send))
      : await patient(name, host, action, (late) => send(AbortSignal.any([signal, late])));
  };

  return {
    watch,
    // A copy is taken up again where it was stopped: its writes need not be awaited.
    sending:
      (send, heedsItself = false) =>
      async (request) => {
        // A DELETE cancels an upload: an interrupted command should leave nothing behind.
        if (!heedsItself && request.method !== "DELETE") signal.throwIfAborted();
        begun ||= request.method !== "GET" && request.method !== "HEAD";
        // The copy reports a body that is on its way; how long an answer is waited for, the registry's client bounds.
        if (request.body !== undefined) return await send(request);
        const { host: name } = request.url;
        return await telling(name, hostOf(name), () => send(request));
      },
    hasBegun: () => begun,
    underWay: () => [...writes],
    whenIdle: (run) => {
      if (writes.length === 0) run();
      else idle = [...idle, run];
    },
  };
}

/** By the name that the SDK and our own kinds of errors know as one that passes. */
function silent(host: string, milliseconds: number): Error {
  const error = new Error(`no answer from ${host} for ${milliseconds / 1000} s`);
  error.name = "TimeoutError";
  return error;
}
