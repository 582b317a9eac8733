/** A folder of recorded answers, `<service>.<Operation>.json`: read for `--facts`, written by `--record`. */

import { NETWORK_FILE, NETWORK_OPERATIONS, type Recorded } from "../../aws/diagnosis/recorded-network.ts";
import { CONFIG_FILE, GROUPS_FILE, REGISTRY_FILE } from "../../aws/diagnosis/recorded-reads.ts";
import { type AccountReads, OPERATIONS, type Operation } from "../../diagnosis/reads.ts";
import { getObjects, getString, getStrings, isList, isObject, optional } from "../../ecs/json-fields.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import type { Json, JsonObject } from "../../runtime/json.ts";
import type { CommandIo } from "../io.ts";

export async function recordedIn(folder: string, io: CommandIo): Promise<Recorded> {
  const found = new Map<string, JsonObject>();
  for (const name of [
    ...Object.keys(OPERATIONS),
    ...NETWORK_OPERATIONS,
    NETWORK_FILE,
    GROUPS_FILE,
    REGISTRY_FILE,
    CONFIG_FILE,
  ]) {
    const path = `${folder}/${name}.json`;
    const text = await io.readFile(path);
    if (text !== undefined) found.set(name, answerIn(text, path));
  }
  if (found.size === 0)
    throw new InvalidInput(
      "--facts",
      `a folder with files such as ecs.DescribeServices.json: ${folder} has none`,
    );
  return found;
}

/** One answer, or several to the same question about different things. */
function answerIn(text: string, path: string): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidInput(path, "JSON, as the AWS CLI prints an answer");
  }
  if (isObject(value)) return value;
  if (isList(value) && value.every(isObject)) return value.reduce(merged, {});
  throw new InvalidInput(path, "a JSON object, as the AWS CLI prints an answer");
}

/** Lists grow, and of anything else the last word counts. */
function merged(one: JsonObject, other: JsonObject): JsonObject {
  const members = Object.entries(other).map(([name, value]): readonly [string, Json] => {
    const known = one[name];
    return [name, isList(known) && isList(value) ? [...known, ...value] : value];
  });
  return { ...one, ...Object.fromEntries(members) };
}

export type RecordingReads = AccountReads & { write(folder: string, io: CommandIo): Promise<void> };

/** The same reads, with what they answered kept. The names of things and their settings are; values of secrets never are read. */
export function recordingReads(reads: AccountReads): RecordingReads {
  const kept = new Map<string, JsonObject>();
  return {
    ...reads,
    async read(operation, input, region) {
      const found = await reads.read(operation, input, region);
      if (found.kind === "answer")
        kept.set(operation, merged(withoutError(kept.get(operation)), told(operation, input, found.answer)));
      if (found.kind === "absent" && !kept.has(operation))
        kept.set(operation, { Error: { Code: found.code, Message: found.because } });
      return found;
    },
    async network(sources) {
      const facts = await reads.network(sources);
      kept.set(NETWORK_FILE, facts as unknown as JsonObject);
      return facts;
    },
    async securityGroups(ids, region) {
      const found = await reads.securityGroups(ids, region);
      const json = { securityGroups: found } as unknown as JsonObject;
      kept.set(GROUPS_FILE, "unread" in found ? json : merged(kept.get(GROUPS_FILE) ?? {}, json));
      return found;
    },
    async image(reference) {
      const found = await reads.image(reference);
      if (found.kind !== "unknown")
        kept.set(REGISTRY_FILE, { ...kept.get(REGISTRY_FILE), [reference]: found.kind });
      return found;
    },
    ...(reads.config === undefined ? {} : { config: keepingConfigs(reads.config, kept) }),
    async write(folder, io) {
      for (const [name, answer] of kept) await save(`${folder}/${name}.json`, answer, io);
    },
  };
}

function keepingConfigs(
  read: NonNullable<AccountReads["config"]>,
  kept: Map<string, JsonObject>,
): NonNullable<AccountReads["config"]> {
  return async (place, region) => {
    const found = await read(place, region);
    if (found.kind === "config") {
      const { kind: _, ...config } = found;
      kept.set(CONFIG_FILE, { ...kept.get(CONFIG_FILE), [place.layerDigest]: config });
    }
    return found;
  };
}

/** One thing may be there, and another not: what is there is what is kept. */
function withoutError(answer: JsonObject = {}): JsonObject {
  const { Error: _, ...members } = answer;
  return members;
}

async function save(path: string, answer: JsonObject, io: CommandIo): Promise<void> {
  try {
    await io.writeFile?.(path, `${JSON.stringify(answer, undefined, 2)}\n`);
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    throw new InvalidInput("--record", `a folder that is there and can be written to: ${because}`, {
      cause: error,
    });
  }
}

/** What an answer does not repeat of its question, where one file holds the answers to many. */
function told(operation: Operation, input: JsonObject, answer: JsonObject): JsonObject {
  const kept = withoutValues(answer);
  if (operation !== "iam.SimulatePrincipalPolicy") return kept;
  const [resource] = getStrings(input, "ResourceArns");
  const about = {
    ...optional("PolicySourceArn", getString(input, "PolicySourceArn")),
    ...optional("EvalResourceName", resource),
  };
  const EvaluationResults = getObjects(kept, "EvaluationResults").map((one) => ({ ...one, ...about }));
  return { ...kept, EvaluationResults };
}

/** Environment variables and overrides hold what people put there. No check reads them. */
const SECRET_MEMBERS = new Set(["environment", "overrides"]);

function withoutValues(answer: JsonObject): JsonObject {
  return JSON.parse(
    JSON.stringify(answer, (name, value: unknown) => (SECRET_MEMBERS.has(name) ? undefined : value)),
  );
}
