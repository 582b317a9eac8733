/** Requests that have an end: one answer each, whole, within its time and its bound; or a watch's lines. */

import type { Clock, Timer } from "../../runtime/clock.ts";
import { withinTime } from "../../runtime/time-limit.ts";
import { ClusterError } from "../cluster-error.ts";
import type { Call, Connection } from "./connection.ts";
import { parsed, readLines, readWhole } from "./read-answer.ts";
import { errorOf } from "./status-error.ts";

export type Requests = {
  /** The answer's JSON; the text itself where it is none. */
  ask(call: Call, signal?: AbortSignal, warned?: (text: string) => void): Promise<unknown>;
  /** An object a line, until the server ends it, so many milliseconds have passed, or the signal aborts. */
  lines(path: string, millisecondsMax: number, signal: AbortSignal): AsyncGenerator<unknown>;
};

/** A write may go through webhooks of others, which have up to thirty seconds; the server itself gives up after sixty. */
const ANSWER_MS = 60_000;
/** A page of a list: a page of one always fits. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;
/**
 * An object. etcd takes 1.5 MiB, in protobuf; in JSON the server writes `<` and control characters as six bytes each, so
 * that a pod may have 9 MiB (https://pkg.go.dev/encoding/json#HTMLEscape, read 2026-11).
 */
const LINE_BYTES_MAX = 16 * 1024 * 1024;
const REFUSAL_BYTES_MAX = 64 * 1024;

export function createRequests(connection: Connection, clock: Clock & Timer): Requests {
  const tooLate = (call: Call, milliseconds: number) => () =>
    new ClusterError(0, "Timeout", `${call.method} ${call.path}: no answer within ${milliseconds / 1000} s`);

  async function ask(call: Call, signal?: AbortSignal, warned?: (text: string) => void): Promise<unknown> {
    return await withinTime(clock, ANSWER_MS, tooLate(call, ANSWER_MS), async (late) => {
      const stop = signal === undefined ? late : AbortSignal.any([late, signal]);
      const answer = await connection.send(call, stop);
      const status = answer.statusCode ?? 0;
      if (status < 200 || status > 299)
        throw errorOf(status, await readWhole(answer, REFUSAL_BYTES_MAX), answer.headers["retry-after"]);
      if (warned !== undefined) for (const text of warningsIn(answer.headers.warning)) warned(text);
      const text = await readWhole(answer, ANSWER_BYTES_MAX);
      return answer.headers["content-type"]?.startsWith("application/json") ? parsed(text) : text;
    });
  }

  async function* lines(path: string, millisecondsMax: number, signal: AbortSignal): AsyncGenerator<unknown> {
    const call: Call = { method: "GET", path };
    const late = new AbortController();
    const callOff = clock.after(millisecondsMax, () => late.abort(tooLate(call, millisecondsMax)()));
    try {
      const answer = await connection.send(call, AbortSignal.any([late.signal, signal]));
      const status = answer.statusCode ?? 0;
      if (status !== 200)
        throw errorOf(status, await readWhole(answer, REFUSAL_BYTES_MAX), answer.headers["retry-after"]);
      yield* readLines(answer, LINE_BYTES_MAX);
    } catch (error) {
      throw late.signal.aborted ? late.signal.reason : error;
    } finally {
      callOff();
      // A reader that stops early ends the connection too.
      late.abort(new Error("done"));
    }
  }

  return { ask, lines };
}

/** The texts of `299 - "text"`, of which a header may have several (RFC 7234, section 5.5). */
function warningsIn(header: string | undefined): readonly string[] {
  return [...(header ?? "").matchAll(/\b299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) =>
    text.replace(/\\(.)/g, "$1"),
  );
}
