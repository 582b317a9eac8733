/** AWS's own environment variables and profiles, as every AWS tool reads them; credentials are left to the SDK's chain. */

import type { AwsSettings } from "../../aws/client/client-config.ts";
import { suggest } from "../../text/suggest.ts";
import type { CommandIo } from "../io.ts";
import { WrongCall } from "../wrong-call.ts";

const REGION = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/**
 * Region and endpoint of the environment. Throws WrongCall where no region is set.
 *
 * @param option what the command offers in addition to the environment
 */
export async function awsSettingsFrom(
  io: Pick<CommandIo, "env" | "outgoing">,
  option = "give --region REGION",
): Promise<AwsSettings> {
  const { env } = io;
  await refuseUnknownProfile(env);
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || (await profileRegion(env));
  if (region === undefined || region === "")
    throw new WrongCall(
      `no AWS region is set: ${option}, set AWS_REGION, or set a region in the profile ${env.AWS_PROFILE || "default"} of ~/.aws/config`,
    );
  return awsSettingsIn(region, io);
}

/** The same for a region that is known otherwise. Throws WrongCall for an endpoint that is not an address. */
export function awsSettingsIn(
  region: string,
  { env, outgoing }: Pick<CommandIo, "env" | "outgoing">,
): AwsSettings {
  const { AWS_ENDPOINT_URL: endpoint = "" } = env;
  // The SDK makes a host of it: the answer would be that the network is at fault.
  if (!REGION.test(region))
    throw new WrongCall(`expected a region such as eu-central-1, got ${JSON.stringify(region)}`);
  // `localhost:4566` is a URL too, of a scheme that no service answers.
  if (endpoint !== "" && !(/^https?:\/\//.test(endpoint) && URL.canParse(endpoint)))
    throw new WrongCall(`AWS_ENDPOINT_URL: expected http:// or https:// and a host, got ${endpoint}`);
  return {
    region,
    ...(endpoint === "" ? {} : { endpoint }),
    ...(outgoing === undefined ? {} : { watch: outgoing.watch }),
    ...(env.HTTPS_PROXY || env.https_proxy ? { proxyEnv: env } : {}),
  };
}

/** The SDK passes over a name that no file has, and takes the credentials of the machine, or none. */
async function refuseUnknownProfile(env: CommandIo["env"]): Promise<void> {
  const { AWS_PROFILE: profile = "" } = env;
  if (profile === "" || profile === "default") return;
  const { profileNames } = await import("../../aws/client/profile-region.ts");
  const names = await profileNames(env);
  if (names.includes(profile)) return;
  const likely = suggest(profile, names);
  throw new WrongCall(
    `there is no profile ${profile} in ~/.aws/config or ~/.aws/credentials (--profile, AWS_PROFILE)${likely === undefined ? "" : `, perhaps ${likely}`}`,
  );
}

/** The SDK's reader of profiles is loaded only where it is needed. */
async function profileRegion(env: CommandIo["env"]): Promise<string | undefined> {
  return await (await import("../../aws/client/profile-region.ts")).regionOfProfile(env);
}
