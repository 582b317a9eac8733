/**
 * The XML of AWS's query protocol as JSON: elements without attributes that matter, lists as `member` elements, and of
 * Route 53's as elements that are named. What is not of that form is left out; nothing is looked up, so that no document can
 * name another.
 */

import type { Json, JsonObject } from "../../../runtime/json.ts";

const DEPTH_MAX = 32;
/** In Route 53's model (2013-04-01) a list has elements of one of these names. */
const LISTED = new Set(["member", "HostedZoneSummary", "ResourceRecordSet", "ResourceRecord"]);
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

type Open = { readonly name: string; readonly members: [string, Json][]; text: string };

/** The members of the outermost element. */
export function jsonOfXml(xml: string): Json {
  const open: Open[] = [{ name: "", members: [], text: "" }];
  for (const [, closing = "", name = "", single = "", text = ""] of xml.matchAll(
    /<(\/?)([\w:.-]+)[^<>]*?(\/?)>|([^<]+)/g,
  )) {
    const current = open.at(-1);
    if (current === undefined) break;
    if (name === "") current.text += text;
    else if (closing === "" && single === "" && open.length < DEPTH_MAX)
      open.push({ name, members: [], text: "" });
    else if (closing !== "" && name === current.name) {
      open.pop();
      open.at(-1)?.members.push([name, jsonOf(current)]);
    }
  }
  return open[0]?.members[0]?.[1] ?? {};
}

function jsonOf({ members, text }: Open): Json {
  if (members.length === 0) return decoded(text.trim());
  if (members.every(([name]) => LISTED.has(name))) return members.map(([, value]) => value);
  return Object.fromEntries(members) satisfies JsonObject;
}

function decoded(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name] ?? "");
}
