/** EventBridge's own engine, event-ruler, on a pattern of ours. Needs Java and the engine's jars (`.ci/event-ruler`). */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Json, JsonObject } from "../../../src/runtime/json.ts";

const JARS = fileURLToPath(new URL("../../../.cache/event-ruler/", import.meta.url));
const MATCH = fileURLToPath(new URL("../../../.ci/event-ruler/Match.java", import.meta.url));

/** Which of the events the pattern matches, as event-ruler says. */
export function matchedByRuler(pattern: JsonObject, events: readonly Json[]): readonly boolean[] {
  if (!existsSync(JARS))
    throw new Error(
      `no event-ruler: mvn -f .ci/event-ruler/pom.xml dependency:copy-dependencies -DoutputDirectory=${JARS}`,
    );
  const input = [pattern, ...events].map((one) => JSON.stringify(one)).join("\n");
  const output = execFileSync("java", ["-cp", `${JARS}*`, MATCH], {
    input,
    encoding: "utf8",
    stdio: ["pipe", "pipe", "ignore"],
  });
  const answers = output.trim().split("\n");
  if (answers.length !== events.length)
    throw new Error(`${answers.length} answers to ${events.length} events`);
  return answers.map((answer) => answer === "true");
}
