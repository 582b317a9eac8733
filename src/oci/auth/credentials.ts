/** Our login at a registry, kept as the header that proves it, so that no other code needs its parts. */

export type Credentials =
  /** `Basic …`, as it goes over the wire. */
  | { readonly kind: "basic"; readonly header: string }
  /** What `docker login` keeps where the registry gave it a refresh token instead of taking the password. */
  | { readonly kind: "identity-token"; readonly token: string };

/** What a repository is opened for: the copier's source, or its target. */
export type Access = "pull" | "push";

/**
 * Looks up our login at a host, as references name it; undefined means anonymous.
 * @param refused the login that the registry has just refused: a cache reads its source again
 */
export type FindCredentials = (
  host: string,
  access: Access,
  refused?: Credentials,
) => Promise<Credentials | undefined>;

/** Whether two credentials show the same. */
export function isSameLogin(one: Credentials | undefined, other: Credentials | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Basic credentials of a name and a password. */
export function basicCredentials(user: string, password: string): Credentials {
  return { kind: "basic", header: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}
