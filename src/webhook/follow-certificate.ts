/**
 * The serving certificate, read again while the server runs. It may be missing at first: the controller makes it. Kubernetes puts a
 * mounted Secret's files in place one after the other seen from here, so a pair that does not fit is tried again later.
 */

import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { Clock } from "../runtime/clock.ts";

export type CertificateFiles = {
  /** The text of each; undefined while it cannot be read. */
  readonly read: () => Promise<{
    readonly certificate: string | undefined;
    readonly key: string | undefined;
  }>;
};

export type ServedCertificate = { readonly cert: string; readonly key: string; readonly endsAt: number };

const PAUSE_MS = 2_000;

/** Reads until the signal aborts. @param use is called with each new pair that fits */
export async function followCertificate(
  { read }: CertificateFiles,
  use: (pair: ServedCertificate) => void,
  clock: Pick<Clock, "sleep">,
  signal: AbortSignal,
): Promise<void> {
  let served = "";
  while (!signal.aborted) {
    const { certificate, key } = await read();
    const pair = certificate === undefined || key === undefined ? undefined : fitting(certificate, key);
    if (pair !== undefined && pair.cert + pair.key !== served) {
      served = pair.cert + pair.key;
      use(pair);
    }
    await clock.sleep(PAUSE_MS, signal).catch(() => {});
  }
}

function fitting(certificate: string, key: string): ServedCertificate | undefined {
  try {
    // Throws where the key is another's.
    createSecureContext({ cert: certificate, key });
    return { cert: certificate, key, endsAt: Date.parse(new X509Certificate(certificate).validTo) };
  } catch {
    return undefined;
  }
}
