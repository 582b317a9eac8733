/** Where a fault is reported: what the package that runs says of itself, and no address that nobody reads. */

/** Of package.json. */
export type PackageLinks = {
  readonly name?: string;
  readonly bugs?: string | { readonly url?: string };
  readonly repository?: string | { readonly url?: string };
};

/** A release names its repository, and a copy that was handed on without one came from somebody. */
export function reportPlace({ bugs, repository }: PackageLinks): string {
  const issues = typeof bugs === "string" ? bugs : bugs?.url;
  if (issues !== undefined) return issues;
  const source = typeof repository === "string" ? repository : repository?.url;
  const [, path] = /github\.com[/:]([\w.-]+\/[\w.-]+?)(?:\.git)?$/.exec(source ?? "") ?? [];
  return path === undefined ? "the place that this copy is from" : `https://github.com/${path}/issues`;
}
