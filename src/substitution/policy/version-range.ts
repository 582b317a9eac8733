/**
 * Which tags are versions, and which of them a range holds, as npm reads ranges: https://github.com/npm/node-semver#ranges
 *
 * Tags of images have one to three numbers (`17`, `v1.27`, `1.27.3`), and a suffix that names a variant (`1.27-alpine`), where
 * semantic versioning knows three numbers, and takes what follows them for a version before the release.
 */

import compare from "semver/functions/compare.js";
import satisfies from "semver/functions/satisfies.js";
import validRange from "semver/ranges/valid.js";

/** Longer numbers are dates and builds, not versions. */
const VERSION = /^v?(0|[1-9]\d{0,3})(?:\.(0|[1-9]\d{0,8}))?(?:\.(0|[1-9]\d{0,8}))?(-[A-Za-z0-9_.-]+)?$/;

export type TagVersion = { readonly version: string; readonly isVariant: boolean };

export function isVersionRange(range: string): boolean {
  return validRange(range) !== null;
}

/** Undefined for a tag that is not a version. */
export function versionOf(tag: string): TagVersion | undefined {
  const [whole, major, minor = "0", patch = "0", suffix] = VERSION.exec(tag) ?? [];
  return whole === undefined
    ? undefined
    : { version: `${major}.${minor}.${patch}`, isVariant: suffix !== undefined };
}

export function isInRange({ version }: TagVersion, range: string): boolean {
  return satisfies(version, range);
}

/** The newest version first; of one version, the tag with more numbers; what is not one after those, by its name. */
export function newestFirst(a: string, b: string): number {
  const [left, right] = [versionOf(a), versionOf(b)];
  if (left !== undefined && right !== undefined)
    return compare(right.version, left.version) || b.length - a.length || a.localeCompare(b, "en");
  if (left === undefined && right === undefined) return b.localeCompare(a, "en", { numeric: true });
  return left === undefined ? 1 : -1;
}
