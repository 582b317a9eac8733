/** Where a fault is reported: the address that the running package names, and otherwise none. */

/** Of package.json. */
export type PackageLinks = {
  readonly name?: string;
  readonly bugs?: string | { readonly url?: string };
  readonly repository?: string | { readonly url?: string };
};

/** A release names its repository; a copy without one was handed on by its user. */
export function reportPlace({ bugs, repository }: PackageLinks): string {
  const issues = typeof bugs === "string" ? bugs : bugs?.url;
  if (issues !== undefined) return issues;
  const source = typeof repository === "string" ? repository : repository?.url;
  const [, path] = /github\.com[/:]([\w.-]+\/[\w.-]+?)(?:\.git)?$/.exec(source ?? "") ?? [];
  return path === undefined ? "the place that this copy is from" : `https://github.com/${path}/issues`;
}
