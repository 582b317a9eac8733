/**
 * By whose rules a copy by hand is written.
 *
 * An ECR is an account's, and the stack that is deployed there has a kill switch, a mode and a scope: they hold for a
 * copy into it as for every other write. No stack answers for another registry, so none is asked about one.
 */

import { InvalidInput } from "../../../image/invalid-input.ts";
import { canonicalName, type ImageReference } from "../../../image/reference.ts";
import { registryOf } from "../../../image/registry-hosts.ts";
import { excludedBy, matchesImage } from "../../../substitution/glob.ts";
import type { Policy } from "../../../substitution/policy/policy.ts";
import type { CommandIo } from "../../io.ts";
import { RefusedCommand } from "../../refused-command.ts";
import { awsSettingsIn } from "../aws-settings.ts";
import type { DeployedConfigOptions } from "../deployed-config.ts";

type Copy = { readonly source: ImageReference; readonly target: ImageReference };

/** Answers whose rules allow the copy, in words; undefined where none are asked. Throws InvalidInput, Refused and AwsError. */
export async function allowCopy(
  { source, target }: Copy,
  { stack, policyFile }: DeployedConfigOptions,
  io: CommandIo,
): Promise<string | undefined> {
  const registry = registryOf(target.host);
  if (registry.kind !== "ecr") {
    if (typeof stack === "string")
      throw new InvalidInput("--stack", `a target in ECR: no stack of Repull governs ${target.host}`);
    if (policyFile === undefined) return undefined;
  }
  // AWS's client is loaded only where an account is written to.
  const { readDeployedConfig, refuseUnlessWritesAllowed } = await import("../deployed-config.ts");
  const rules = {
    ...(policyFile === undefined ? {} : { policyFile }),
    ...(registry.kind !== "ecr" ? { stack: false as const } : stack === undefined ? {} : { stack }),
  };
  const aws = awsSettingsIn(registry.kind === "ecr" ? registry.region : "none", io);
  const config = await readDeployedConfig(rules, aws, io);
  await refuseUnlessWritesAllowed(config);
  refuseExcluded(source, config.policy);
  return config.from;
}

function refuseExcluded(source: ImageReference, { scope: { images } }: Pick<Policy, "scope">): void {
  const because = excludedBy(images, "images", (pattern) => matchesImage(pattern, source));
  if (because !== undefined)
    throw new RefusedCommand(
      "excluded-by-policy",
      `nothing was written: ${canonicalName(source)}: ${because}`,
    );
}
