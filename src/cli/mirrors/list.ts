/** `repull mirrors`: every copy in ECR that Repull made, who uses it, and what it costs. Writes nothing, and pulls nothing. */

import { getCallerIdentity } from "../../aws/client/caller-identity.ts";
import { createUseReader } from "../../aws/mirrors/account-uses.ts";
import { createImageStore } from "../../aws/mirrors/ecr-images.ts";
import { reportTableOf } from "../../aws/mirrors/reports/report-table.ts";
import { createServiceTimes } from "../../aws/mirrors/service-times.ts";
import { listMirrors, type MirrorList } from "../../mirrors/list-mirrors.ts";
import { systemClock } from "../../runtime/clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { linesOf } from "../../text/visible.ts";
import { accountPorts } from "../account/account-ports.ts";
import { awsSettingsFrom } from "../account/aws-settings.ts";
import { type DeployedConfigOptions, readDeployedConfig } from "../account/deployed-config.ts";
import { whereOf } from "../account/where.ts";
import { EXIT } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { jsonLine } from "../output/json-line.ts";
import { permissions } from "../output/permissions.ts";
import { refuseWithoutFolder, writeReport } from "../output/write-report.ts";
import { formatMirrors } from "./format-mirrors.ts";
import { MIRRORS_ACTIONS } from "./mirror-rights.ts";
import type { Mirrors } from "./mirrors-line.ts";
import { storageCost } from "./storage-cost.ts";

export type MirrorsInput = {
  readonly rights: boolean;
  readonly json: boolean;
  /** A file for a report as well. */
  readonly html?: string;
} & DeployedConfigOptions;

const NO_COPIES: MirrorList = { copies: [], bytes: 0, images: 0, gaps: [] };

/** Exit status 0 where everything could be read, 5 where a list could not. */
export async function listCopies(input: MirrorsInput, io: CommandIo): Promise<number> {
  if (input.rights) {
    io.out(permissions(MIRRORS_ACTIONS, input.json));
    return EXIT.done;
  }
  refuseWithoutFolder(input.html);
  const aws = await awsSettingsFrom(io);
  const { account } = await getCallerIdentity(aws);
  const { policy, from, stack } = await readDeployedConfig(input, aws, io, "default");
  io.err(`${whereOf(account, aws)}, by ${from}: nothing is changed\n`);
  const times = createServiceTimes();
  const { registries } = accountPorts({ aws, account, policy, log: silentLog }, io);
  // With an empty MirrorPrefix no copies are made.
  const found =
    policy.mirrorPrefix === undefined
      ? NO_COPIES
      : await listMirrors(
          policy.mirrorPrefix,
          createImageStore(aws, account, times),
          createUseReader(
            aws,
            times,
            { taskDefinitions: Number.POSITIVE_INFINITY, revisions: Number.POSITIVE_INFINITY },
            stack === undefined ? undefined : reportTableOf(stack),
          ),
          { headManifest: (image) => registries.headManifest(image, io.signal) },
        );
  const told = lineOf(found, account, aws.region);
  if (input.html !== undefined) {
    const { mirrorsAsHtml } = await import("./mirrors-report.ts");
    const at = new Date(systemClock.now()).toISOString();
    await writeReport(input.html, mirrorsAsHtml(told, at), io);
  }
  io.out(input.json ? jsonLine("mirrors", told) : linesOf(formatMirrors(told)));
  return told.unread.length === 0 ? EXIT.done : EXIT.unfinished;
}

function lineOf({ copies, bytes, images, gaps }: MirrorList, account: string, region: string): Mirrors {
  return {
    type: "mirrors",
    account,
    region,
    copies: copies.map(({ copiedAt, pulledAt, tags, usedBy, ...copy }) => ({
      ...copy,
      tags: [...tags],
      usedBy: [...usedBy],
      ...(copiedAt === undefined ? {} : { copiedAt: new Date(copiedAt).toISOString() }),
      ...(pulledAt === undefined ? {} : { pulledAt: new Date(pulledAt).toISOString() }),
    })),
    storage: { images, bytes, ...storageCost(bytes, region) },
    unread: [...gaps],
  };
}
