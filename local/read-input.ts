/** The events that a person names, and the world in which they happen, in the account that Lambda's emulator has. */

import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { readEventDocuments } from "../src/cli/input/event-files.ts";
import { InvalidInput } from "../src/image/invalid-input.ts";
import type { Json, JsonObject } from "../src/runtime/json.ts";
import { readWorldFile } from "../src/sandbox/world/world-file.ts";
import { EMULATOR_ACCOUNT } from "../test/support/emulated/emulated-stack.ts";
import type { LocalOptions } from "./options.ts";
import { worldOfPins } from "./world-of-pins.ts";

export type LocalInput = {
  readonly events: readonly Json[];
  readonly world: JsonObject;
  readonly worldFrom: string;
  /** Digests that the events pin, in place of which the world has others: bytes cannot be made of a digest. */
  readonly otherDigests: ReadonlyMap<string, string>;
};

/** Throws InvalidInput for what cannot be read. */
export async function readInput({ event, world }: LocalOptions): Promise<LocalInput> {
  const said = event === "-" ? await text(process.stdin) : await fileText(event, "EVENT");
  const documents = readEventDocuments(said, event).map((entry) => {
    if (entry.kind === "document") return entry.document as Json;
    throw new InvalidInput(event, `an event in JSON${entry.kind === "text" ? "" : `: ${entry.because}`}`);
  });
  const { account } = (documents[0] ?? {}) as { readonly account?: unknown };
  const moved = <Document>(document: Document): Document =>
    typeof account === "string" && /^\d{12}$/.test(account)
      ? JSON.parse(JSON.stringify(document).replaceAll(account, EMULATOR_ACCOUNT))
      : document;
  const events = moved(documents);
  const path = world ?? event.replace(/([^/\\]+)\.json$/, "worlds/$1.json");
  const file =
    world === undefined
      ? await readFile(path, "utf8").catch(() => undefined)
      : await fileText(path, "--world");
  if (file === undefined || path === event) {
    const made = await worldOfPins(events);
    return { ...made, world: { ...homeOf(events), ...made.world }, worldFrom: "made of the event" };
  }
  const parsed = moved(parsedWorld(file, path));
  return { events, world: { ...homeOf(events), ...parsed }, worldFrom: path, otherDigests: new Map() };
}

/** Where the first event is from: a world file need not say it. */
function homeOf(events: readonly Json[]): JsonObject {
  const { region } = (events[0] ?? {}) as { readonly region?: unknown };
  return typeof region === "string" ? { region } : {};
}

function parsedWorld(file: string, path: string): JsonObject {
  try {
    return readWorldFile(JSON.parse(file)) as JsonObject;
  } catch (error) {
    throw error instanceof InvalidInput ? error : new InvalidInput(path, "a world file in JSON");
  }
}

async function fileText(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    throw new InvalidInput(name, `a readable file, got ${path}`);
  }
}
