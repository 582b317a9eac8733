/**
 * The config of an image, checked against its digest: what it runs and of which platform it is. Its variables and labels are left
 * where they are. (OCI image-spec, config.md)
 */

import type { ConfigAnswer } from "../../diagnosis/reads.ts";
import { getObject, getString, getStrings, isObject, optional } from "../../ecs/json-fields.ts";
import { digestOf } from "../../image/digest.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";

export function configIn(bytes: Uint8Array, digest: string): ConfigAnswer {
  if (digestOf(bytes) !== digest) return unread(`what came is not ${digest}`);
  try {
    const config: Json = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(config) ? configOf(config) : unread("the config is no JSON object");
  } catch {
    return unread("the config is no JSON");
  }
}

function configOf(config: JsonObject): ConfigAnswer {
  const own = getObject(config, "config") ?? {};
  return {
    ...{ kind: "config", entrypoint: getStrings(own, "Entrypoint"), command: getStrings(own, "Cmd") },
    ...optional("os", getString(config, "os")),
    ...optional("architecture", getString(config, "architecture")),
  };
}

function unread(because: string): ConfigAnswer {
  return { kind: "unread", permission: "", because };
}
