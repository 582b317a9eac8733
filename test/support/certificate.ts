/** A key and a self-signed certificate for 127.0.0.1, made for one test run by openssl. */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

export type Certificate = {
  readonly certificatePath: string;
  readonly keyPath: string;
  readonly certificate: string;
  readonly key: string;
};

/** Writes both into a folder, in PEM; for another name as well, where one is given. */
export async function makeCertificate(folder: string, name?: string): Promise<Certificate> {
  const [certificatePath, keyPath] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  // biome-ignore format: one option a line
  await promisify(execFile)("openssl", [
    "req", "-x509", "-nodes", "-days", "2",
    "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
    "-subj", "/CN=127.0.0.1",
    "-addext", `subjectAltName=IP:127.0.0.1${name === undefined ? "" : `,DNS:${name}`}`,
    "-keyout", keyPath,
    "-out", certificatePath,
  ]);
  const [certificate, key] = await Promise.all(
    [certificatePath, keyPath].map((path) => readFile(path, "utf8")),
  );
  if (certificate === undefined || key === undefined) throw new Error("openssl wrote nothing");
  return { certificatePath, keyPath, certificate, key };
}
