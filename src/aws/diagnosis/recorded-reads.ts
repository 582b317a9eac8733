/**
 * The same reads of answers that were recorded, as the AWS CLI prints them: `<service>.<Operation>.json`, one each. An answer
 * that was not recorded is unknown. An answer may hold more than the request asked for: each read picks its own part.
 */

import {
  type AccountReads,
  type Answered,
  type ConfigAnswer,
  type ImageAnswer,
  OPERATIONS,
  type Operation,
} from "../../diagnosis/reads.ts";
import { getObject, getString, getStrings, optional } from "../../ecs/json-fields.ts";
import {
  isUnread,
  type NetworkFacts,
  type Read,
  type SecurityGroup,
  type Source,
} from "../../network/facts.ts";
import { type Home, networkFacts, type Recorded } from "./recorded-network.ts";

export function recordedReads(recorded: Recorded, { account, region }: Home): AccountReads {
  const networks = new Map<string, NetworkFacts>();
  // Once for the same sources: of what was recorded there may be megabytes, and of tasks thousands.
  const networkOf = (sources: Read<Source>): NetworkFacts => {
    const key = JSON.stringify(sources);
    const facts = networks.get(key) ?? networkFacts(recorded, sources, { account, region });
    networks.set(key, facts);
    return facts;
  };
  return {
    account,
    region,
    read: async (operation) => recordedAnswer(recorded, operation),
    network: async (sources) => networkOf(sources),
    securityGroups: async (ids) => {
      const kept = recorded.get(GROUPS_FILE)?.securityGroups as Read<SecurityGroup> | undefined;
      const groups = kept ?? networkOf([]).securityGroups;
      return isUnread(groups) ? groups : groups.filter(({ id }) => ids.includes(id));
    },
    image: async (reference) => recordedImage(recorded, reference),
    config: async ({ layerDigest }) => recordedConfig(recorded, layerDigest),
  };
}

/** Security groups in addition to those of the network, as they were concluded. */
export const GROUPS_FILE = "network.securityGroups";

/** `registry.Head.json`: reference → `found`, `absent`, `refused` or `limited`. */
export const REGISTRY_FILE = "registry.Head";
const ANSWERS = ["found", "absent", "refused", "limited"] as const;

function recordedImage(recorded: Recorded, reference: string): ImageAnswer {
  const said = recorded.get(REGISTRY_FILE)?.[reference];
  const kind = ANSWERS.find((one) => one === said);
  return kind === undefined
    ? { kind: "unknown", because: `what its registry says of ${reference} is not recorded` }
    : { kind };
}

/** `registry.Config.json`: the digest of a config → its `entrypoint`, `command`, `os` and `architecture`. */
export const CONFIG_FILE = "registry.Config";

function recordedConfig(recorded: Recorded, digest: string): ConfigAnswer {
  const kept = getObject(recorded.get(CONFIG_FILE) ?? {}, digest);
  if (kept === undefined)
    return { kind: "unread", permission: "", because: `the config ${digest} is not recorded` };
  return {
    kind: "config",
    entrypoint: getStrings(kept, "entrypoint"),
    command: getStrings(kept, "command"),
    ...optional("os", getString(kept, "os")),
    ...optional("architecture", getString(kept, "architecture")),
  };
}

function recordedAnswer(recorded: Recorded, operation: Operation): Answered {
  const answer = recorded.get(operation);
  if (answer === undefined)
    return {
      kind: "unread",
      permission: OPERATIONS[operation],
      because: recorded.size === 0 ? `${operation}: no account was asked` : `${operation} is not recorded`,
    };
  const error = getObject(answer, "Error");
  if (error === undefined) return { kind: "answer", answer };
  const code = getString(error, "Code") ?? "";
  const because = `${code}: ${getString(error, "Message") ?? ""}`;
  return /NotFound|NoSuch/.test(code)
    ? { kind: "absent", code, because }
    : { kind: "unread", permission: OPERATIONS[operation], because };
}
