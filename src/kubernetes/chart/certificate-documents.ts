/** The webhook's certificate: a Secret for the controller to fill, or cert-manager's objects. */

import { type Node, put, when } from "./marks.ts";
import {
  CERTIFICATE_SECRET,
  inNamespace,
  NAMESPACE,
  OTHERS_CERTIFICATES,
  OWN_CERTIFICATES,
  WEBHOOK,
} from "./names.ts";

const CERTIFICATES_API = "cert-manager.io/v1";
const HAS_ISSUER = { set: "Values.certificates.issuer" } as const;

export const CERTIFICATE_DOCUMENTS: readonly Node[] = [
  // Without data, so that no upgrade and no GitOps tool takes the keys away or sees a difference.
  when(OWN_CERTIFICATES, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: inNamespace(CERTIFICATE_SECRET),
    type: "Opaque",
  }),
  when(
    { all: [OTHERS_CERTIFICATES, { not: HAS_ISSUER }] },
    {
      apiVersion: CERTIFICATES_API,
      kind: "Issuer",
      metadata: inNamespace(WEBHOOK),
      spec: { selfSigned: {} },
    },
  ),
  when(OTHERS_CERTIFICATES, {
    apiVersion: CERTIFICATES_API,
    kind: "Certificate",
    metadata: inNamespace(WEBHOOK),
    spec: {
      secretName: CERTIFICATE_SECRET,
      dnsNames: [`${WEBHOOK}.${NAMESPACE}.svc`],
      duration: "2160h",
      renewBefore: "720h",
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "server auth"],
      issuerRef: {
        kind: when(HAS_ISSUER, put("Values.certificates.issuer.kind"), "Issuer"),
        name: when(HAS_ISSUER, put("Values.certificates.issuer.name"), WEBHOOK),
      },
    },
  }),
];

/** On the webhook's configuration: cert-manager puts the authority into it. */
export const INJECT_CA = { "cert-manager.io/inject-ca-from": `${NAMESPACE}/${WEBHOOK}` };
