/** The commands that the pages show, one by one. */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

export type PageCommand = { readonly path: string; readonly block: string; readonly command: string };

export const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(`${root}docs`).map((name) => `docs/${name}`),
]
  .filter((path) => path.endsWith(".md"))
  .map((path) => ({ path, text: readFileSync(`${root}${path}`, "utf8") }));

/** The blocks that a shell is to read. */
export const BLOCKS = PAGES.flatMap(({ path, text }) =>
  [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => ({ path, block })),
);

/** One command a line, continued lines joined, without the remarks next to it. */
export function pageCommands(): readonly PageCommand[] {
  return BLOCKS.flatMap(({ path, block }) =>
    block
      .replaceAll("\\\n", " ")
      .split("\n")
      .map((line) => ({ path, block, command: line.replace(/\s+#.*$/, "").trim() }))
      .filter(({ command }) => command !== ""),
  );
}

/** The commands that ask an account. */
export const ACCOUNT_COMMAND =
  /^(?:AWS_REGION=\S+ )?repull (status|scan|mirrors cache|plan|history|pause|resume|mirror|fix|undo|approve|deny|diagnose|doctor|replay(?=.* --aws))\b/;

/** Whether a command is run in a sandbox's account; `scan --rights` asks none, and several profiles or an organisation are of several. */
export function isRunInAccount(command: string): boolean {
  return ACCOUNT_COMMAND.test(command) && !/^repull scan --(?:organization|rights|profile)\b/.test(command);
}
