/** What to try after the story, as it can be typed where it was printed: from a checkout, or wherever the command is installed. */

import { fileURLToPath } from "node:url";
import type { CommandIo } from "./io.ts";

/** The package has the sample events next to `dist`, as a checkout has them next to `src`. */
const EVENTS = new URL("../../events/", import.meta.url);

/** The commands, and what each shows. */
export function nextCommands({
  env,
}: Pick<CommandIo, "env">): readonly (readonly [command: string, what: string])[] {
  // `npm start` runs in the checkout, where nothing has put `repull` on the path.
  const isCheckout = env.npm_lifecycle_event === "start";
  const repull = isCheckout ? "npm run --silent repull --" : "repull";
  const event = (name: string): string =>
    isCheckout ? `events/${name}` : quoted(fileURLToPath(new URL(name, EVENTS)));
  return [
    [`${repull} explain ${event("ec2-service.json")}`, "what an event means"],
    [`${repull} replay ${event("fargate-service.json")}`, "the remediation of a recorded event"],
  ];
}

function quoted(path: string): string {
  return /^[\w./:\\-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
