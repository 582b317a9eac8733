/** Whether a controller leads, and what the index of proved images is worth now. */

import type * as z from "zod";
import { type RefreshStatus, refreshStatusSchema } from "../../../controller/copies/refresh-status.ts";
import { type IndexStatus, indexStatusSchema, OLD_DEFINITION } from "../../../controller/index-status.ts";
import {
  COPIES_CONFIG_MAP as COPIES,
  NAME as LEASE,
  STATE_CONFIG_MAP as STATE,
} from "../../../kubernetes/chart/names.ts";
import { type Check, failed, listed, passed, skipped } from "../check.ts";
import { type ClusterUnderTest, part, unreadPart } from "./cluster-under-test.ts";

const MINUTE = 60_000;
/** A leader renews every few seconds. Two machines' clocks may differ by some. */
const RENEWED_MS_MAX = MINUTE;
/** A leader says what it saw once a minute. */
const LOOKED_MS_MAX = 5 * MINUTE;

export async function indexChecks(tested: ClusterUnderTest): Promise<readonly Check[]> {
  return [
    await leaderCheck(tested),
    ...(await stateChecks(tested)),
    indexCheck(tested),
    ...(await copiesChecks(tested)),
  ];
}

/** What the leader has learned of the sources of copies; nothing where it refreshes none. */
async function copiesChecks({ cluster, namespace }: ClusterUnderTest): Promise<readonly Check[]> {
  const check = "copies";
  const found = await part(() => cluster.get("configmaps", { namespace, name: COPIES }));
  if (found.kind === "unread") return [unreadPart(check, found)];
  const status = parsed(refreshStatusSchema, found.value?.data?.status);
  return status === undefined ? [] : [copiesCheck(status)];
}

function copiesCheck({ leftTo, because, tags, moved, lost }: RefreshStatus): Check {
  const check = "copies";
  if (leftTo !== undefined) return passed(check, `${leftTo} refreshes the account's copies`);
  if (lost.length > 0)
    return failed(
      check,
      `the source is lost of the copies of ${listed(lost.map(({ source, state }) => `${source} (${state})`))}`,
      "name another source in the templates, or the copy itself: it stays as long as something uses it",
    );
  const count = Object.values(tags).reduce((sum, one) => sum + one, 0);
  const waiting = moved.filter(({ isCopied }) => !isCopied).map(({ source }) => source);
  const words = [
    `${count} tags in use have a copy, and ${tags.moved ?? 0} of them have moved since`,
    ...(waiting.length === 0 ? [] : [`the new bytes of ${listed(waiting)} are not copied yet`]),
    ...(because === undefined ? [] : [because]),
  ];
  return passed(check, words.join("; "));
}

async function leaderCheck({ cluster, namespace, now }: ClusterUnderTest): Promise<Check> {
  const check = "leader";
  const remedy = `kubectl -n ${namespace} get pods; kubectl -n ${namespace} logs deployment/repull`;
  const found = await part(() => cluster.get("leases", { namespace, name: LEASE }));
  if (found.kind === "unread") return unreadPart(check, found);
  const { holderIdentity = "", renewTime = "" } = found.value?.spec ?? {};
  if (found.value === undefined || holderIdentity === "")
    return failed(check, `no controller has ever led in the namespace ${namespace}`, remedy);
  const age = now - Date.parse(renewTime);
  if (!(age < RENEWED_MS_MAX))
    return failed(check, `${holderIdentity} led until ${renewTime}, and no controller has led since`, remedy);
  return passed(check, `${holderIdentity} leads`);
}

/** What the leader itself says of its last look at the cluster. */
async function stateChecks({ cluster, namespace, now }: ClusterUnderTest): Promise<readonly Check[]> {
  const found = await part(() => cluster.get("configmaps", { namespace, name: STATE }));
  if (found.kind === "unread") return [unreadPart("controller", found)];
  const status = parsed(indexStatusSchema, found.value?.data?.status);
  if (status === undefined) return [skipped("controller", "the controller has not written yet what it saw")];
  return [stateCheck(status, namespace, now), proofCheck(status)];
}

function stateCheck(
  { at, images, missing, refused, requests }: IndexStatus,
  namespace: string,
  now: number,
): Check {
  const check = "controller";
  const kinds = Object.keys(missing);
  if (kinds.length > 0)
    return failed(
      check,
      `the controller cannot read ${listed(kinds)}, and decides nothing before`,
      "install the chart again: its roles have been changed",
    );
  if (refused !== undefined)
    return failed(
      check,
      `the index could not be written: ${refused}`,
      refused.startsWith(OLD_DEFINITION)
        ? "install the chart again with crd.install=true"
        : "compare the chart's allowedRegistries with the places in the policy document",
    );
  if (!(now - Date.parse(at) < LOOKED_MS_MAX))
    return failed(
      check,
      `the controller looked at the cluster last at ${at}`,
      `kubectl -n ${namespace} logs deployment/repull`,
    );
  const { stoppedUntil } = requests;
  const pause =
    stoppedUntil === undefined ? "" : `; a registry's limit stops its questions until ${stoppedUntil}`;
  return passed(check, `it saw ${images} images at ${at}${pause}`);
}

/** Images whose proof was not renewed in time: their pods are left as they are. */
function proofCheck({ expired }: IndexStatus): Check {
  const check = "proofs";
  if (expired.length === 0) return passed(check, "every proof was renewed in time");
  return failed(
    check,
    `no new proof came in time for ${listed(expired.map(({ image }) => image))}`,
    "raise kubernetes.requestsPerHour in the policy document, or see the log for what the registries answer",
  );
}

function parsed<T>(schema: z.ZodType<T>, text: string | undefined): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text ?? "")).data;
  } catch {
    return undefined;
  }
}

function indexCheck({ rows, now }: ClusterUnderTest): Check {
  const check = "index";
  if (rows.kind === "unread") return unreadPart(check, rows);
  const all = [...rows.value.values()];
  if (all.length === 0)
    return failed(
      check,
      "there is no row: every pod is left as it is",
      "wait for the controller's first pass, or read its log",
    );
  const placed = all.filter(({ use }) => use !== undefined);
  const good = placed.filter(({ goodUntil }) => now < Date.parse(goodUntil));
  const old = placed.length - good.length;
  const words = `${good.length} of ${all.length} images have a proved place now`;
  if (placed.length > 0 && good.length === 0)
    return failed(
      check,
      `the proofs of all ${old} places are too old`,
      "see the checks leader and controller",
    );
  return passed(
    check,
    old === 0 ? words : `${words}; the proofs of ${old} are too old, and their pods are left as they are`,
  );
}
