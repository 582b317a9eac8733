/** The webhook's certificate: signed by an authority that the API server knows, for its name, and for long enough. */

import { X509Certificate } from "node:crypto";
import { CERTIFICATE_SECRET as SECRET } from "../../../kubernetes/chart/names.ts";
import { type Check, failed, passed, skipped } from "../check.ts";
import { type ClusterUnderTest, part, unreadPart } from "./cluster-under-test.ts";

const DAY = 86_400_000;
/** The controller makes a new one long before: what is left of a month's certificate then is a week at least. */
const DAYS_MIN = 7;

type Entry = {
  readonly name?: string;
  readonly clientConfig?: {
    readonly caBundle?: string;
    readonly service?: { readonly name?: string; readonly namespace?: string };
  };
};

export async function certificateCheck(tested: ClusterUnderTest): Promise<Check> {
  const check = "certificate";
  const { webhook, cluster, namespace, now } = tested;
  if (webhook.kind === "unread") return unreadPart(check, webhook);
  if (webhook.value === undefined) return passed(check, "without a webhook none is needed");
  const remedy = `kubectl -n ${namespace} logs deployment/repull`;
  const entries = Array.isArray(webhook.value.webhooks) ? (webhook.value.webhooks as readonly Entry[]) : [];
  const blank = entries.find(({ clientConfig }) => (clientConfig?.caBundle ?? "") === "");
  if (blank !== undefined)
    return failed(
      check,
      `the API server has no authority for ${blank.name}: it does not ask the webhook`,
      remedy,
    );
  const found = await part(() => cluster.get("secrets", { namespace, name: SECRET }));
  if (found.kind === "unread") return unreadPart(check, found);
  const serving = certificatesIn(found.value?.data?.["tls.crt"])[0];
  if (serving === undefined) return failed(check, `the Secret ${SECRET} has no certificate`, remedy);
  const days = Math.floor((serving.validToDate.getTime() - now) / DAY);
  const ends = serving.validToDate.toISOString().slice(0, 10);
  for (const { name, clientConfig } of entries) {
    const authorities = certificatesIn(clientConfig?.caBundle);
    if (!authorities.some((authority) => isSignedBy(serving, authority)))
      return failed(
        check,
        `no authority that the API server knows for ${name} signed the certificate`,
        remedy,
      );
    const { service } = clientConfig ?? {};
    const host = `${service?.name}.${service?.namespace}.svc`;
    if (service !== undefined && serving.checkHost(host) === undefined)
      return failed(check, `the certificate is not for ${host}`, remedy);
  }
  if (days < 0) return failed(check, `the certificate ended on ${ends}`, remedy);
  if (days < DAYS_MIN)
    return failed(
      check,
      `the certificate ends on ${ends}, in ${days} days, and has not been renewed`,
      remedy,
    );
  return entries.length === 0
    ? skipped(check, "the webhook's configuration has no entry")
    : passed(check, `the certificate is good for ${days} days`);
}

/** Each certificate of a PEM text in base64; what cannot be read is left out. */
function certificatesIn(base64: string | undefined): readonly X509Certificate[] {
  const text = Buffer.from(base64 ?? "", "base64").toString("utf8");
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

function isSignedBy(serving: X509Certificate, authority: X509Certificate): boolean {
  return serving.checkIssued(authority) && serving.verify(authority.publicKey);
}
