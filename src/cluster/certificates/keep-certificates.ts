/**
 * Keeps the webhook's certificates valid: in one Secret, and the authorities that the API server trusts in one configuration.
 *
 * Called every minute by the leader; a pass reads two objects and usually writes none. The Secret is written first, with the
 * version that was read, and the bundle is copied from it: a pass that dies between the two is finished by the next.
 */

import {
  AUTHORITY_LIFE,
  BACKDATED,
  type Period,
  type Rotation,
  rotate,
  SERVING_LIFE,
} from "../../kubernetes/certificates/rotate.ts";
import type { JsonPatch } from "../../kubernetes/objects/json-patch.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ClusterError } from "../cluster-error.ts";
import type { ClusterPort } from "../cluster-port.ts";
import { readSecretCertificates, type SecretCertificates } from "./secret-certificates.ts";

export type CertificateKeeping = {
  readonly cluster: ClusterPort;
  readonly clock: Pick<Clock, "now">;
  readonly namespace: string;
  /** The Secret, which must exist: there is no right to create one. */
  readonly secret: string;
  readonly service: string;
  /** The MutatingWebhookConfiguration, each of whose entries gets the bundle. */
  readonly configuration: string;
};

export type CertificatePass =
  | { readonly kind: "kept"; readonly changed: readonly CertificateChange[]; readonly goodUntil: number }
  /** The chart makes both, and has to be applied again. `conflict`: another leader wrote, ask again. */
  | { readonly kind: "not-kept"; readonly code: "no-secret" | "no-configuration" | "conflict" };
type CertificateChange = "authority-added" | "serving-renewed" | "authority-removed" | "bundle-written";

/** Throws ClusterError. */
export async function keepCertificates(keeping: CertificateKeeping): Promise<CertificatePass> {
  try {
    return await pass(keeping);
  } catch (error) {
    if (error instanceof ClusterError && error.reason === "Conflict")
      return { kind: "not-kept", code: "conflict" };
    throw error;
  }
}

async function pass({
  cluster,
  clock,
  namespace,
  secret: name,
  service,
  configuration,
}: CertificateKeeping): Promise<CertificatePass> {
  const secret = await cluster.get("secrets", { namespace, name });
  if (secret === undefined) return { kind: "not-kept", code: "no-secret" };
  const before = readSecretCertificates(secret.data ?? {});
  const names = [`${service}.${namespace}.svc`];
  const rotation = rotate(clock.now(), before.held, names);
  const changed = changesOf(rotation, before);
  let data = secret.data ?? {};
  if (changed.length > 0) {
    data = { ...data, ...(await rotated(rotation, before, { now: clock.now(), names, data })) };
    await cluster.replace("secrets", { ...secret, data });
  }
  const written = await writeBundle(cluster, configuration, data["ca.crt"] ?? "");
  if (written === undefined) return { kind: "not-kept", code: "no-configuration" };
  const goodUntil = readSecretCertificates(data).held.serving?.notAfter ?? clock.now();
  return { kind: "kept", changed: written ? [...changed, "bundle-written"] : changed, goodUntil };
}

function changesOf(rotation: Rotation, { authorities }: SecretCertificates): readonly CertificateChange[] {
  const changes: CertificateChange[] = [];
  if (rotation.newAuthority) changes.push("authority-added");
  if (rotation.newServing) changes.push("serving-renewed");
  if (rotation.keep.length < authorities.length) changes.push("authority-removed");
  return changes;
}

type Making = {
  readonly now: number;
  readonly names: readonly string[];
  readonly data: Readonly<Record<string, string>>;
};

/** The members of the Secret after the rotation, in base64. */
async function rotated(
  { newAuthority, newServing, keep }: Rotation,
  { authorities, held, signerKey }: SecretCertificates,
  { now, names, data }: Making,
): Promise<Record<string, string>> {
  // Loaded when one is made, twice in a season.
  const { issueAuthority, issueServing } = await import("./issue.ts");
  const kept = authorities.filter(({ id }) => keep.includes(id)).map(({ pem }) => pem);
  const made = newAuthority ? await issueAuthority(lifeFrom(now, AUTHORITY_LIFE)) : undefined;
  const members: Record<string, string> = {
    "ca.crt": inBase64(
      [...(made === undefined ? [] : [made.certificate]), ...kept].map(withLineEnd).join(""),
    ),
  };
  if (made !== undefined) members["ca.key"] = inBase64(made.key);
  if (newServing) {
    const signer = authorities.find(({ id }) => id === held.signer);
    const authority = made ?? { certificate: signer?.pem ?? "", key: signerKey ?? "" };
    const serving = await issueServing(authority, names, lifeFrom(now, SERVING_LIFE));
    members["tls.crt"] = inBase64(serving.certificate);
    members["tls.key"] = inBase64(serving.key);
  } else if (data["tls.crt"] === undefined) throw new TypeError("a certificate that is not there was kept");
  return members;
}

function lifeFrom(now: number, life: number): Period {
  // X.509 has whole seconds.
  const start = now - (now % 1000);
  return { notBefore: start - BACKDATED, notAfter: start + life };
}

/** Whether it had to be written; undefined where there is no such configuration. */
async function writeBundle(
  cluster: ClusterPort,
  name: string,
  caBundle: string,
): Promise<boolean | undefined> {
  const configuration = await cluster.get("mutatingwebhookconfigurations", { name });
  if (configuration === undefined) return undefined;
  const entries = configuration.webhooks as readonly Entry[];
  const patch: JsonPatch = entries.flatMap((entry, at) =>
    entry.clientConfig.caBundle === caBundle
      ? []
      : [
          // Another chart's version may have other entries at these places.
          { op: "test", path: `/webhooks/${at}/name`, value: entry.name },
          { op: "add", path: `/webhooks/${at}/clientConfig/caBundle`, value: caBundle },
        ],
  );
  if (patch.length === 0) return false;
  await cluster.patch("mutatingwebhookconfigurations", { name }, patch);
  return true;
}

type Entry = { readonly name: string; readonly clientConfig: { readonly caBundle?: string } };

function withLineEnd(pem: string): string {
  return pem.endsWith("\n") ? pem : `${pem}\n`;
}

function inBase64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
