/**
 * Decides which bytes were meant by an image's name.
 *
 * A tag moves, so what it means now proves nothing of then. Witnesses are heard in a fixed order; each answers *a
 * digest*, *none*, or *unknown*. `none` lets the next one speak. `unknown` ends the search: an answer that was refused,
 * cut off or contradictory may hide other bytes, and a weaker witness must not speak in its place. First comes the
 * reference's own digest, then what the workload itself knows, last the origin.
 *
 * A failing text is not a witness. It may veto (`text-veto.ts`).
 */

import type { ImageReference } from "../../image/reference.ts";
import { askOrigin, type OriginPorts } from "./origin.ts";
import type { AskedWitness, Belief } from "./testimony.ts";

/** @param witnesses the strongest first; not asked where the reference has a digest */
export async function trustedDigest(
  image: { readonly reference: ImageReference; readonly upstream?: ImageReference },
  witnesses: readonly AskedWitness[],
  ports: OriginPorts,
): Promise<Belief> {
  const askedAt = new Date(ports.clock.now()).toISOString();
  const { digest } = image.reference;
  if (digest !== undefined) return { trusted: { digest, from: "reference", askedAt } };
  for (const { from, ask } of witnesses) {
    const testimony = await ask();
    if (testimony.kind === "digest") {
      const { kind: _, ...said } = testimony;
      return { trusted: { ...said, from, askedAt } };
    }
    if (testimony.kind === "unknown") {
      const { kind: _, ...why } = testimony;
      return { untrusted: { code: "trust-unreadable", ...why } };
    }
  }
  return await askOrigin(image, ports);
}
