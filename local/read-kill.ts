/** `--kill FUNCTION@MOMENT`, as a person writes it. */

import type { RequestKind } from "../src/sandbox/registry/api/route.ts";
import type { Kill, Moment } from "../test/support/emulated/kill-at.ts";

/** What a copy and a survey send to registries. */
const REQUESTS: readonly RequestKind[] = [
  ...(["token", "manifest-head", "manifest-get", "blob-head", "blob-get"] as const),
  ...(["upload-start", "upload-patch", "upload-put", "manifest-put"] as const),
];
const FUNCTIONS = ["remediate", "mirror"] as const;

/** Throws TypeError for what names no function or no moment. */
export function readKill(text: string): Kill {
  const at = text.indexOf("@");
  const name = FUNCTIONS.find((one) => one === text.slice(0, at));
  const moment = text.slice(at + 1).trim();
  if (name === undefined || moment === "")
    throw new TypeError(`--kill ${text}: FUNCTION@MOMENT is wanted, FUNCTION one of ${FUNCTIONS.join(", ")}`);
  return { function: name, moment: readMoment(moment) };
}

function readMoment(text: string): Moment {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(text)?.[1];
  if (seconds !== undefined) return { kind: "seconds", seconds: Number(seconds) };
  const [kind, host] = text.split(":");
  const request = REQUESTS.find((one) => one === kind);
  if (request === undefined) return { kind: "step", name: text };
  return { kind: "request", request, ...(host === undefined ? {} : { host }) };
}

/** The moment in words. */
export function formatKill({ function: name, moment }: Kill): string {
  switch (moment.kind) {
    case "step":
      return `${name} at the end of its step "${moment.name}", before that is recorded`;
    case "request":
      return `${name} after the first ${moment.request}${moment.host === undefined ? "" : ` at ${moment.host}`}`;
    case "seconds":
      return `${name} ${moment.seconds} s after its first call`;
  }
}
