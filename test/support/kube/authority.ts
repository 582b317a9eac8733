/** Certificates and keys of one test's control plane, made by openssl. */

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const openssl = (...args: readonly string[]) => run("openssl", args);

export type Pair = {
  readonly certificatePath: string;
  readonly keyPath: string;
};

export type Authority = {
  readonly certificatePath: string;
  /** PEM, in base64, as `caBundle` and a kubeconfig have it. */
  readonly certificateBase64: string;
  /** @param extensions lines of openssl's configuration: `subjectAltName=…`, `extendedKeyUsage=…` */
  issue(name: string, subject: string, extensions: readonly string[], days?: number): Promise<Pair>;
};

const ecKey = (path: string) => openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path);

export async function makeAuthority(folder: string, name = "ca"): Promise<Authority> {
  const [certificatePath, keyPath] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  await ecKey(keyPath);
  await openssl(
    ...["req", "-x509", "-new", "-key", keyPath],
    ...["-days", "2", "-subj", `/CN=${name}`, "-out", certificatePath],
  );
  return {
    certificatePath,
    certificateBase64: (await readFile(certificatePath)).toString("base64"),
    issue: async (pairName, subject, extensions, days = 2) => {
      const at = (ending: string) => join(folder, `${pairName}.${ending}`);
      await ecKey(at("key"));
      await openssl("req", "-new", "-key", at("key"), "-subj", subject, "-out", at("csr"));
      await writeFile(at("ext"), extensions.join("\n"));
      // Not of a file, which two that are issued at the same time would both write.
      const serial = `0x01${randomBytes(15).toString("hex")}`;
      await openssl(
        ...[
          "x509",
          "-req",
          "-in",
          at("csr"),
          "-CA",
          certificatePath,
          "-CAkey",
          keyPath,
          "-set_serial",
          serial,
        ],
        ...["-days", String(days), "-out", at("crt"), "-extfile", at("ext")],
      );
      return { certificatePath: at("crt"), keyPath: at("key") };
    },
  };
}

/** What service accounts' tokens are signed with. */
export async function makeTokenKey(folder: string): Promise<string> {
  const path = join(folder, "service-accounts.key");
  await openssl("genrsa", "-out", path, "2048");
  return path;
}

/** Serves 127.0.0.1, as a webhook of a test does. */
export function issueForLoopback(authority: Authority, name: string, days?: number): Promise<Pair> {
  const extensions = ["subjectAltName=IP:127.0.0.1,DNS:localhost", "extendedKeyUsage=serverAuth"];
  return authority.issue(name, `/CN=${name}`, extensions, days);
}
