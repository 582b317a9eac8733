/** Which tags a service gives its tasks: a tag policy asks them of the network interface, and none come without `propagateTags`. (API_Service, read 2026-11) */

import { getString, getTags } from "../../../ecs/json-fields.ts";
import type { Scene } from "../../scene.ts";
import { failed, notApplicable, passed, type StartCheck } from "../check.ts";

const ID = "service.propagate-tags";

export function tagChecks({ service }: Scene): readonly StartCheck[] {
  if (service === undefined) return [notApplicable(ID, "the task is not of a service that is known")];
  const name = getString(service, "serviceName") ?? "the service";
  const from = getString(service, "propagateTags") ?? "NONE";
  const keys = Object.keys(getTags(service)).join(", ");
  const arn = getString(service, "serviceArn");
  const params = { propagateTags: from, tags: keys, ...(arn === undefined ? {} : { serviceArn: arn }) };
  const details = [{ code: "tag-policy-refuses-eni", params }] as const;
  if (from === "NONE")
    return [
      failed(
        ID,
        `${name} gives its tasks none of its own tags (propagateTags is NONE)`,
        "tag-policy-refuses-eni",
        params,
      ),
    ];
  const which = from === "SERVICE" && keys !== "" ? `: ${keys}` : "";
  return [
    {
      ...passed(
        ID,
        `${name} gives its tasks the tags of its ${from === "SERVICE" ? "own" : "task definition"}${which}`,
      ),
      details,
    },
  ];
}
