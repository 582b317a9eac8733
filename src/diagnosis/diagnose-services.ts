/**
 * Every service of a region: why those fail that do, and of all others whether they would start. What many services share is
 * read once: a VPC, a role, a revision, a secret.
 */

import { getObjects, getString, getStrings } from "../ecs/json-fields.ts";
import { isUnread, type Source } from "../network/facts.ts";
import type { JsonObject } from "../runtime/json.ts";
import { type Diagnosis, diagnose } from "./diagnose.ts";
import { fromService } from "./failed-start.ts";
import type { AccountReads, Answered, Operation } from "./reads.ts";
import { sourcesOfService } from "./scene.ts";
import { isFailing, startOfService } from "./service-start.ts";

/** DescribeServices takes ten. (API_DescribeServices, read 2026-11) */
const DESCRIBED = 10;
const PAGES_MAX = 100;
/** ECS takes twenty reads a second. */
const AT_ONCE = 4;

export type Services = {
  readonly diagnosed: number;
  /** What could not be listed, and why. */
  readonly gaps: readonly string[];
};

/** @param told gets each diagnosis when it is done, in the order of the list */
export async function diagnoseServices(
  clusters: readonly string[] | undefined,
  reads: AccountReads,
  told: (found: Diagnosis) => void,
): Promise<Services> {
  const gaps: string[] = [];
  const listed = clusters ?? (await listOf("ecs.ListClusters", {}, "clusterArns", reads, gaps));
  const services: { readonly cluster: string; readonly service: JsonObject }[] = [];
  for (const cluster of listed) {
    const arns = await listOf("ecs.ListServices", { cluster, maxResults: 100 }, "serviceArns", reads, gaps);
    for (let at = 0; at < arns.length; at += DESCRIBED) {
      const input = { cluster, services: arns.slice(at, at + DESCRIBED) };
      const found = await reads.read("ecs.DescribeServices", input);
      if (found.kind !== "answer") gaps.push(found.because);
      else services.push(...getObjects(found.answer, "services").map((service) => ({ cluster, service })));
    }
  }
  const shared = sharing(reads, services);
  await reads.prepare?.(services.flatMap(({ service }) => sourcesOf(service)));
  const pending: Promise<Diagnosis>[] = [];
  for (const [index, { cluster, service }] of services.entries()) {
    // The oldest of those under way ends first: their order is the list's.
    if (index >= AT_ONCE) told(await (pending[index - AT_ONCE] as Promise<Diagnosis>));
    pending.push(diagnoseOne(cluster, service, shared));
  }
  for (const one of pending.slice(-AT_ONCE)) told(await one);
  return { diagnosed: services.length, gaps };
}

async function diagnoseOne(cluster: string, service: JsonObject, reads: AccountReads): Promise<Diagnosis> {
  const start = isFailing(service) ? await startOfService(service, cluster, reads) : fromService(service);
  return await diagnose(start, reads);
}

function sourcesOf(service: JsonObject): readonly Source[] {
  const sources = sourcesOfService(service);
  return isUnread(sources) ? [] : sources;
}

const NOT_OF_MANY: Answered = {
  kind: "unread",
  permission: "",
  because: "of many services the deployments are not asked: repull diagnose SERVICE does",
};

/** The same reads, which know of each service what the list has shown. */
function sharing(
  reads: AccountReads,
  services: readonly { readonly cluster: string; readonly service: JsonObject }[],
): AccountReads {
  const known = new Map(
    services.map(({ cluster, service }) => [
      `${cluster} ${getString(service, "serviceName") ?? ""}`,
      service,
    ]),
  );
  return {
    ...reads,
    async read(operation, input, region): Promise<Answered> {
      if (operation === "ecs.DescribeServices" && typeof input.cluster === "string") {
        const name = getStrings(input, "services")[0] ?? "";
        const service = known.get(`${input.cluster} ${name}`);
        if (service !== undefined) return { kind: "answer", answer: { services: [service] } };
      }
      // Two calls for each of hundreds: worth it where a service fails, or is asked about alone.
      if (operation === "ecs.ListServiceDeployments" && typeof input.cluster === "string") {
        const service = known.get(`${input.cluster} ${getString(input, "service") ?? ""}`);
        if (service !== undefined && !isFailing(service)) return NOT_OF_MANY;
      }
      return await reads.read(operation, input, region);
    },
  };
}

/** A list to its end. */
async function listOf(
  operation: Operation,
  input: JsonObject,
  member: string,
  reads: AccountReads,
  gaps: string[],
): Promise<readonly string[]> {
  const found: string[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await reads.read(operation, nextToken === undefined ? input : { ...input, nextToken });
    if (answer.kind !== "answer") {
      gaps.push(answer.because);
      break;
    }
    found.push(...getStrings(answer.answer, member));
    nextToken = getString(answer.answer, "nextToken");
    if (nextToken === undefined || nextToken === "") break;
  }
  return found;
}
