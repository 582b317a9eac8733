/** `repull policy public-images`: whether the table of twins on Amazon ECR Public is still true. HEADs only, no pulls. */

import { createRegistries } from "../../../oci/client/registries.ts";
import { httpTransport } from "../../../oci/http/http-transport.ts";
import { parseEndpoints } from "../../../oci/http/registry-endpoints.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { verifyPublicMirrors } from "../../../scan/verify-public-mirrors.ts";
import { abbreviate } from "../../../substitution/explain-plan.ts";
import { linesOf } from "../../../text/visible.ts";
import type { CommandIo } from "../../io.ts";
import { jsonLine } from "../../output/json-line.ts";
import { textTable } from "../../output/text-table.ts";

/** Asks both sides of each row; exit status 1 where a row has gone stale, 0 otherwise. */
export async function publicImages({ json }: { readonly json: boolean }, io: CommandIo): Promise<number> {
  io.err("Asking Docker Hub and ECR Public for one image of each row, by HEAD: no pull is counted.\n");
  const send = httpTransport({ proxyEnv: io.env });
  try {
    const endpoints = parseEndpoints(io.env.REPULL_REGISTRY_ENDPOINTS ?? "");
    const checks = await verifyPublicMirrors(
      createRegistries({ send: io.outgoing?.sending(send) ?? send, clock: systemClock, endpoints }),
    );
    if (json) for (const check of checks) io.out(jsonLine("public-image", check));
    else {
      const rows = checks.map(({ dockerHub, ecrPublic, found, because }) => [
        dockerHub,
        ecrPublic,
        found,
        abbreviate(because),
      ]);
      for (const line of textTable(["Docker Hub", "ECR Public", "found", "because"], rows))
        io.out(linesOf([line]));
    }
    return checks.some(({ found }) => found === "stale" || found === "gone") ? 1 : 0;
  } finally {
    send.close();
  }
}
