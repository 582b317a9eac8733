/**
 * What has to become of the webhook's certificates at this time. Pure: times and fingerprints in, a decision out.
 *
 * The API server has to trust an authority before a certificate of it is served. So a new authority is only added first; the
 * next certificate is signed by it an hour later, when every API server has the bundle and every node the Secret; and the old
 * one leaves the bundle after a day. Nothing but the certificates' own times is remembered.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const AUTHORITY_LIFE = 365 * DAY;
export const SERVING_LIFE = 90 * DAY;
/** A certificate is valid from this long before it is made: clocks of a cluster differ. */
export const BACKDATED = HOUR;
/** Kubelet renews a mounted Secret within about two minutes, and an API server its configuration within seconds. */
const SPREAD = HOUR;
const OLD_AUTHORITY_STAYS = DAY;
/** A clock that jumps to and fro must not fill the bundle. */
const OTHER_AUTHORITIES_MAX = 3;

/** Milliseconds since the epoch. */
export type Period = { readonly notBefore: number; readonly notAfter: number };
export type HeldAuthority = Period & { readonly id: string };
export type HeldServing = Period & {
  /** The authority in the bundle that signed it; undefined where none did. */
  readonly issuer: string | undefined;
  readonly names: readonly string[];
};

/** What the Secret has, as far as it can be read: a certificate without its key does not count. */
export type Held = {
  /** The bundle, newest first. */
  readonly authorities: readonly HeldAuthority[];
  /** The authority whose key is there: only that one can sign. */
  readonly signer: string | undefined;
  readonly serving: HeldServing | undefined;
};

export type Rotation = {
  readonly newAuthority: boolean;
  /** Signed by the new authority if there is one, else by the signer. */
  readonly newServing: boolean;
  /** Authorities that stay in the bundle, newest first; a new one comes before them. */
  readonly keep: readonly string[];
};

/** @param now milliseconds since the epoch @param names what the serving certificate has to be valid for */
export function rotate(now: number, held: Held, names: readonly string[]): Rotation {
  const signer = held.authorities.find(({ id }) => id === held.signer);
  const newAuthority = signer === undefined || isDue(now, signer);
  const age = newAuthority ? 0 : now - signer.notBefore - BACKDATED;
  const serving = usableServing(now, held, names);
  const newServing =
    serving === undefined || (age >= SPREAD && (isDue(now, serving) || serving.issuer !== signer?.id));
  const signedByNow = newAuthority ? undefined : signer.id;
  const issuer = newServing ? signedByNow : serving.issuer;
  const isSettled = !newAuthority && age >= OLD_AUTHORITY_STAYS;
  const isNeeded = ({ id }: HeldAuthority) => id === issuer || (!newAuthority && id === signer.id);
  const others = held.authorities.filter((one) => !isNeeded(one) && !isSettled && now < one.notAfter);
  const kept = new Set(others.slice(0, OTHER_AUTHORITIES_MAX));
  const keep = held.authorities.filter((one) => isNeeded(one) || kept.has(one)).map(({ id }) => id);
  return { newAuthority, newServing, keep };
}

/** Two thirds of its life are over; or it was made by a clock that was ahead. */
function isDue(now: number, { notBefore, notAfter }: Period): boolean {
  return now < notBefore || now >= notBefore + ((notAfter - notBefore) * 2) / 3;
}

/** Undefined where no client would accept it: then there is nothing to wait for. */
function usableServing(
  now: number,
  { serving, authorities }: Held,
  names: readonly string[],
): HeldServing | undefined {
  const issuer = authorities.find(({ id }) => id === serving?.issuer);
  if (serving === undefined || issuer === undefined) return undefined;
  const isUsable =
    isWithin(now, serving) && isWithin(now, issuer) && names.every((name) => serving.names.includes(name));
  return isUsable ? serving : undefined;
}

function isWithin(now: number, { notBefore, notAfter }: Period): boolean {
  return notBefore <= now && now < notAfter;
}
