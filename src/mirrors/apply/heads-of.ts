/** What followed tags name now, each asked for when the first service follows it. */

import { type Heads, headSource, SILENT_MAX, type SourceHead } from "../source-states.ts";
import type { CopiedSource } from "./followed-images.ts";

/**
 * One HEAD for each tag, which is not a pull. A registry that has refused because of a limit, or that does not answer, is not
 * asked for the tags after that: each silence takes two minutes.
 */
export function headsOf(registries: Pick<Heads, "headManifest">) {
  const heads = new Map<string, Promise<SourceHead>>();
  const refusals = new Map<string, SourceHead>();
  const silences = new Map<string, number>();
  return async ({ name, source }: CopiedSource): Promise<SourceHead> => {
    const known = heads.get(name);
    const refused = refusals.get(source.host);
    if (known === undefined && refused !== undefined) return refused;
    const asked = known ?? headSource(source, (image) => registries.headManifest(image));
    heads.set(name, asked);
    const head = await asked;
    if (known !== undefined) return head;
    const isUnknown = head.kind === "unknown";
    const silent = isUnknown && head.isSilent === true ? (silences.get(source.host) ?? 0) + 1 : 0;
    silences.set(source.host, silent);
    if (isUnknown && head.code === "limited") refusals.set(source.host, head);
    if (silent >= SILENT_MAX)
      refusals.set(source.host, {
        kind: "unknown",
        code: "not-asked",
        because: `${source.host} does not answer`,
      });
    return head;
  };
}
