/**
 * The config of an image in ECR, by a URL that ECR signs for it as it does for a layer, and checked against its digest: what the
 * image runs and of which platform it is. Its variables and labels are left where they are.
 * (ECR, API_GetDownloadUrlForLayer, read 2026-11; OCI image-spec, config.md)
 */

import { ECRClient, GetDownloadUrlForLayerCommand } from "@aws-sdk/client-ecr";
import { CONFIG_RIGHT, type ConfigAnswer, type ConfigPlace } from "../../diagnosis/reads.ts";
import { getObject, getString, getStrings, isObject, optional } from "../../ecs/json-fields.ts";
import { digestOf } from "../../image/digest.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";
import { toAwsError } from "../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";
import type { OpeningImages } from "./account-reads.ts";

/** Fetches what a URL leads to, without a login: it is signed. */
export type Download = (url: URL) => Promise<Uint8Array>;

export function openingImages(download: Download): OpeningImages {
  return (settingsIn) => {
    const asked = new Map<string, Promise<ConfigAnswer>>();
    return (place, region) => {
      const key = JSON.stringify([place, region]);
      const answer = asked.get(key) ?? readConfig(place, settingsIn(region), download);
      asked.set(key, answer);
      return answer;
    };
  };
}

async function readConfig(
  place: ConfigPlace,
  settings: AwsSettings,
  download: Download,
): Promise<ConfigAnswer> {
  const permission = CONFIG_RIGHT;
  try {
    const client = new ECRClient(clientConfiguration(settings));
    const { downloadUrl = "" } = await client.send(new GetDownloadUrlForLayerCommand(place));
    return configIn(await download(new URL(downloadUrl)), place.layerDigest);
  } catch (error) {
    const { kind, message } = toAwsError(permission, error);
    const because = kind === "denied" ? `may not call ${permission}` : message.slice(0, 300);
    return { kind: "unread", permission, because };
  }
}

function configIn(bytes: Uint8Array, digest: string): ConfigAnswer {
  if (digestOf(bytes) !== digest) return unread(`what came is not ${digest}`);
  try {
    const config: Json = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(config) ? configOf(config) : unread("the config is not a JSON object");
  } catch {
    return unread("the config is not JSON");
  }
}

function configOf(config: JsonObject): ConfigAnswer {
  const own = getObject(config, "config") ?? {};
  return {
    kind: "config",
    entrypoint: getStrings(own, "Entrypoint"),
    command: getStrings(own, "Cmd"),
    ...optional("os", getString(config, "os")),
    ...optional("architecture", getString(config, "architecture")),
  };
}

function unread(because: string): ConfigAnswer {
  return { kind: "unread", permission: "", because };
}
