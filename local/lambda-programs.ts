/** Sees to it that Lambda's programs are there, or says what is missing and how to get it. */

import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { missingProgram } from "../test/support/emulated/programs.ts";

const INSTALLER = fileURLToPath(new URL("../.ci/emulators", import.meta.url));

/** How each program that the installation needs is had; the versions are those that it was tried with. */
const REMEDIES: Readonly<Record<string, string>> = {
  go: "Go 1.26 builds Lambda's emulator: https://go.dev/dl",
  python3:
    "Python 3.11 runs the local runner of durable functions: https://www.python.org/downloads, or apt-get install python3-venv",
  cmake: "the runtime interface client is compiled: apt-get install cmake g++ make",
  "g++": "the runtime interface client is compiled: apt-get install cmake g++ make",
  make: "the runtime interface client is compiled: apt-get install cmake g++ make",
};

export type LambdaPrograms =
  | { readonly kind: "installed"; readonly folder: URL }
  | { readonly kind: "missing"; readonly because: readonly string[] };

/** @param folder where they are, or are to be @param tell called when something is downloaded */
export function lambdaPrograms(folder: string, tell: (line: string) => void): LambdaPrograms {
  const url = pathToFileURL(`${resolve(folder)}/`);
  if (missingProgram(url) === undefined) return { kind: "installed", folder: url };
  tell(
    `installing Lambda's emulator, its runtime client and the durable functions local runner into ${folder}`,
  );
  const { stderr, error } = spawnSync("bash", [INSTALLER, folder], {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  const missing = missingProgram(url);
  if (missing === undefined) return { kind: "installed", folder: url };
  const names = [...(stderr ?? "").matchAll(/^missing: (.*)$/gm)].flatMap(([, list = ""]) => list.split(" "));
  const remedies = names.flatMap((name) => REMEDIES[name] ?? []);
  if (names.length > 0)
    return { kind: "missing", because: [...new Set([`missing: ${names.join(", ")}`, ...remedies])] };
  const said = (error?.message ?? stderr ?? "").trim().split("\n").slice(-3);
  return { kind: "missing", because: [missing, ...said] };
}
