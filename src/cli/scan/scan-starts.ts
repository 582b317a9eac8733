/** `repull scan --starts`: each service of the region diagnosed, one line each. Reads only. */

import type { AwsSettings } from "../../aws/client/client-config.ts";
import { createAccountReads } from "../../aws/diagnosis/account-reads.ts";
import type { Diagnosis } from "../../diagnosis/diagnose.ts";
import { diagnoseServices } from "../../diagnosis/diagnose-services.ts";
import { visible } from "../../text/visible.ts";
import { askingImages } from "../account/ask-image.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { titleOf } from "../output/format-diagnosis.ts";
import { jsonLine } from "../output/json-line.ts";

export type StartsInput = {
  /** The ARN of the only cluster; absent: all of the region. */
  readonly cluster?: string;
  readonly json: boolean;
  readonly account: string;
  readonly aws: AwsSettings;
};

export async function scanStarts(
  { cluster, json, account, aws }: StartsInput,
  io: CommandIo,
): Promise<number> {
  const images = askingImages(io);
  const counts: Record<Diagnosis["verdict"], number> = {
    "cause-found": 0,
    "not-sure": 0,
    "nothing-found": 0,
  };
  try {
    const reads = createAccountReads(aws, account, images.ask, images.opening);
    const { diagnosed, gaps } = await diagnoseServices(
      cluster === undefined ? undefined : [cluster],
      reads,
      (found) => {
        counts[found.verdict] += 1;
        io.out(json ? jsonLine("diagnosis", found) : lineOf(found));
      },
    );
    for (const gap of gaps) io.err(`not read: ${visible(gap)}\n`);
    if (!json)
      io.out(
        `${diagnosed} services: ${counts["cause-found"]} with a cause, ${counts["not-sure"]} not sure, ${counts["nothing-found"]} would start\n`,
      );
    if (counts["cause-found"] > 0) return EXIT.failed;
    return counts["not-sure"] > 0 || gaps.length > 0 ? EXIT.unfinished : EXIT.done;
  } finally {
    images.close();
  }
}

function lineOf(found: Diagnosis): string {
  const {
    verdict,
    causes: [first],
  } = found;
  const said =
    first === undefined
      ? verdict === "nothing-found"
        ? "would start"
        : "not sure: not all could be read"
      : `${first.certainty}: ${first.sentence} (${first.code})`;
  return `${visible(`${titleOf(found)}: ${said}`)}\n`;
}
