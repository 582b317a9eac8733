/**
 * The profiles in AWS's shared files: their names, and the region of one, for a shell that names none in its environment.
 *
 * Which files, and which of them goes first, is as the SDK itself has it:
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html (read 2026-11), and NODE_REGION_CONFIG_FILE_OPTIONS of
 * @smithy/core 3.41.
 */

import { loadSharedConfigFiles } from "@smithy/core/config";

type Environment = Readonly<Record<string, string | undefined>>;

/** Of the profile AWS_PROFILE, or `default`; undefined where no file has one. */
export async function regionOfProfile(env: Environment): Promise<string | undefined> {
  const files = await sharedFiles(env);
  const profile = env.AWS_PROFILE || "default";
  return files?.credentialsFile[profile]?.region ?? files?.configFile[profile]?.region;
}

/** The names that AWS_PROFILE may have. */
export async function profileNames(env: Environment): Promise<readonly string[]> {
  const files = await sharedFiles(env);
  return files === undefined ? [] : [...Object.keys(files.credentialsFile), ...Object.keys(files.configFile)];
}

async function sharedFiles(env: Environment) {
  const filepath = fileAt(env.AWS_SHARED_CREDENTIALS_FILE, "credentials", env);
  const configFilepath = fileAt(env.AWS_CONFIG_FILE, "config", env);
  if (filepath === undefined || configFilepath === undefined) return undefined;
  return await loadSharedConfigFiles({ filepath, configFilepath, ignoreCache: true });
}

function fileAt(said: string | undefined, name: string, env: Environment): string | undefined {
  const home = env.HOME || env.USERPROFILE;
  return said || (home === undefined ? undefined : `${home}/.aws/${name}`);
}
