/**
 * `--exclude GLOB`, as a line of a `.gitignore` is written: a pattern without a slash is a name at any depth, one with a slash is a
 * path below the given folder, `*` and `?` stay in one name, `**` is any number of folders, a slash at the end means a folder
 * alone. What is below an excluded folder is excluded too.
 *
 * `.gitignore` itself is not read: `cdk.out` and plans of Terraform are in it, and they are what a check is for.
 */

import { WrongCall } from "../wrong-call.ts";

/** @param path relative, with `/`; a folder's ends with one */
export type IsExcluded = (path: string) => boolean;

/** Throws WrongCall for a pattern that means nothing. */
export function excludedBy(patterns: readonly string[]): IsExcluded {
  const all = patterns.map(expressionOf);
  return (path) => all.some((one) => one.test(path));
}

function expressionOf(pattern: string): RegExp {
  const written = pattern.trim().replaceAll("\\", "/");
  const bare = written.replace(/^(?:\.?\/)+/, "").replace(/\/+$/, "");
  if (/^\.{0,2}$/.test(bare) || written.startsWith("!"))
    throw new WrongCall(
      `--exclude needs a name or a path such as vendor or "**/fixtures/*.yaml", got ${pattern}`,
    );
  const isPath = bare.includes("/") || /^\.?\//.test(written);
  const end = written.endsWith("/") ? "/.*" : "(?:/.*)?";
  return new RegExp(`^${isPath ? "" : "(?:.*/)?"}${bare.split("/").map(nameOf).join("")}${end}$`, "s");
}

/** A name of a path, with the slash before the next one. */
function nameOf(name: string, at: number, { length }: readonly string[]): string {
  const isLast = at === length - 1;
  if (name === "**") return isLast ? ".*" : "(?:.*/)?";
  const words = name
    .replace(/\*+/g, "*")
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
  return isLast ? words : `${words}/`;
}
