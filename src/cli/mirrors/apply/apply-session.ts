/** What `repull mirrors refresh --apply` works in: the account, as for `repull fix`, and the copies in its ECR. */

import type { ImageStore } from "../../../mirrors/ports.ts";
import { awsSettingsFrom } from "../../account/aws-settings.ts";
import type { DeployedConfigOptions } from "../../account/deployed-config.ts";
import { type AccountSession, openAccountSession } from "../../account/sessions/account-session.ts";
import type { CommandIo } from "../../io.ts";

export type ApplySession = AccountSession & {
  readonly store: Pick<ImageStore, "repositories" | "describe" | "images">;
};

/** The account of the environment. Throws InvalidInput, AwsError and Refused. */
export async function openApplySession(options: DeployedConfigOptions, io: CommandIo): Promise<ApplySession> {
  const [session, aws, { createImageStore }, { createServiceTimes }] = await Promise.all([
    openAccountSession(options, "refuse", io),
    awsSettingsFrom(io),
    import("../../../aws/mirrors/ecr-images.ts"),
    import("../../../aws/mirrors/service-times.ts"),
  ]);
  return { ...session, store: createImageStore(aws, session.home.account ?? "", createServiceTimes()) };
}
