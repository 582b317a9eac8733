/** The error of a request that got no answer: who was asked, what failed, and whether a retry may help. */

import { redactForLog } from "./error-response.ts";
import { RegistryError } from "./registry-error.ts";

/** Errors that a retry does not cure: a certificate, a name that does not resolve, an address that we refuse. */
const LASTING =
  /^(?:ERR_ADDRESS_REFUSED|ERR_ADDRESS_NOT_ALLOWED|ERR_TLS_CERT_ALTNAME_INVALID|ENOTFOUND|HPE_.*|.*CERT.*|.*VERIFY.*)$/;

/** https://nodejs.org/api/tls.html#x509-certificate-error-codes (read 2026-11) */
const UNKNOWN_AUTHORITY =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?)$/;

export function noAnswer(attempted: string, host: string, cause: unknown): RegistryError {
  const { message, code = "" } =
    cause instanceof Error ? (cause as NodeJS.ErrnoException) : { message: "the connection failed" };
  const kind =
    code === "ERR_ADDRESS_REFUSED"
      ? "denied"
      : code === "ERR_ADDRESS_NOT_ALLOWED"
        ? "not-allowed"
        : "unavailable";
  const fields = { kind, host, transient: !LASTING.test(code) } as const;
  const remedy = UNKNOWN_AUTHORITY.test(code)
    ? "; where its certificate is of an authority of your own, NODE_EXTRA_CA_CERTS names that one's file"
    : "";
  const words = `${attempted}: no answer from ${host}: ${redactForLog(message)}${remedy}`;
  return new RegistryError(words, fields, { cause });
}
