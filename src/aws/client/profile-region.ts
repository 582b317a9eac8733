/**
 * The region of a profile in AWS's shared files, for a shell that names none in its environment.
 *
 * Which files, and which of them goes first, is as the SDK itself has it:
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html (read 2026-11), and NODE_REGION_CONFIG_FILE_OPTIONS of
 * @smithy/core 3.41.
 */

import { loadSharedConfigFiles } from "@smithy/core/config";

type Environment = Readonly<Record<string, string | undefined>>;

/** Of the profile AWS_PROFILE, or `default`; undefined where no file has one. */
export async function regionOfProfile(env: Environment): Promise<string | undefined> {
  const filepath = fileAt(env.AWS_SHARED_CREDENTIALS_FILE, "credentials", env);
  const configFilepath = fileAt(env.AWS_CONFIG_FILE, "config", env);
  if (filepath === undefined || configFilepath === undefined) return undefined;
  const { configFile, credentialsFile } = await loadSharedConfigFiles({
    filepath,
    configFilepath,
    ignoreCache: true,
  });
  const profile = env.AWS_PROFILE || "default";
  return credentialsFile[profile]?.region ?? configFile[profile]?.region;
}

function fileAt(said: string | undefined, name: string, env: Environment): string | undefined {
  const home = env.HOME || env.USERPROFILE;
  return said || (home === undefined ? undefined : `${home}/.aws/${name}`);
}
