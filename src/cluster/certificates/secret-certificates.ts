/** The webhook's certificates as its Secret has them: `ca.crt` (a bundle, newest first), `ca.key`, `tls.crt`, `tls.key`. */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { Held, HeldAuthority, Period } from "../../kubernetes/certificates/rotate.ts";

export type SecretCertificates = {
  /** PEM, newest first. */
  readonly authorities: readonly { readonly id: string; readonly pem: string }[];
  /** PEM of the key that belongs to one of them. */
  readonly signerKey: string | undefined;
  readonly held: Held;
};

/** Base64 by name, as the API has a Secret's data. What cannot be read is not there: it is made anew. */
export function readSecretCertificates(data: Readonly<Record<string, string>>): SecretCertificates {
  const text = (name: string) => Buffer.from(data[name] ?? "", "base64").toString("utf8");
  const authorities = certificatesIn(text("ca.crt")).filter(({ ca }) => ca);
  const signerKey = keyIn(text("ca.key"));
  const signer = signerKey && authorities.find((one) => one.checkPrivateKey(signerKey));
  const [serving] = certificatesIn(text("tls.crt"));
  const servingKey = keyIn(text("tls.key"));
  const hasServing = serving !== undefined && servingKey !== undefined && serving.checkPrivateKey(servingKey);
  return {
    authorities: authorities.map((one) => ({ id: one.fingerprint256, pem: one.toString() })),
    signerKey: signer === undefined ? undefined : text("ca.key"),
    held: {
      authorities: authorities.map((one): HeldAuthority => ({ id: one.fingerprint256, ...periodOf(one) })),
      signer: signer?.fingerprint256,
      serving: hasServing
        ? {
            ...periodOf(serving),
            names: namesOf(serving),
            issuer: authorities.find((one) => serving.verify(one.publicKey))?.fingerprint256,
          }
        : undefined,
    },
  };
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

function keyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function periodOf({ validFromDate, validToDate }: X509Certificate): Period {
  return { notBefore: validFromDate.getTime(), notAfter: validToDate.getTime() };
}

/** `DNS:a, DNS:b`. */
function namesOf({ subjectAltName = "" }: X509Certificate): readonly string[] {
  return subjectAltName.split(", ").flatMap((name) => (name.startsWith("DNS:") ? [name.slice(4)] : []));
}
