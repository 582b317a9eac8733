/**
 * The networks of many services, each VPC read once: what is known to be asked for is read in parts of some VPCs, and kept.
 * EC2 takes two hundred values of a filter. (API_Filter, read 2026-11)
 */

import { isUnread, type NetworkFacts, type Read, type Source, type Subnet } from "../../network/facts.ts";

type Describe = (sources: Read<Source>) => Promise<NetworkFacts>;

const VALUES_MAX = 150;
const VPCS_MAX = 20;

export class SharedNetworks {
  readonly #describe: Describe;
  readonly #subnets: (ids: readonly string[]) => Promise<Read<Subnet>>;
  readonly #kept: NetworkFacts[] = [];
  readonly #asked = new Map<string, Promise<NetworkFacts>>();

  constructor(describe: Describe, subnets: (ids: readonly string[]) => Promise<Read<Subnet>>) {
    this.#describe = describe;
    this.#subnets = subnets;
  }

  async prepare(sources: readonly Source[]): Promise<void> {
    const ids = [...new Set(sources.map(({ subnet }) => subnet))];
    const vpcOf = new Map<string, string>();
    for (let at = 0; at < ids.length; at += VALUES_MAX) {
      const read = await this.#subnets(ids.slice(at, at + VALUES_MAX));
      if (!isUnread(read)) for (const { id, vpc } of read) vpcOf.set(id, vpc);
    }
    const byVpc = new Map<string, Source[]>();
    for (const source of sources) {
      const vpc = vpcOf.get(source.subnet);
      if (vpc !== undefined) byVpc.set(vpc, [...(byVpc.get(vpc) ?? []), source]);
    }
    for (const part of partsOf([...byVpc.values()])) this.#kept.push(await this.#describe(part));
  }

  async of(sources: Read<Source>): Promise<NetworkFacts> {
    const key = JSON.stringify(sources);
    const asked = this.#asked.get(key);
    if (asked !== undefined) return await asked;
    const kept = this.#kept.find((facts) => covers(facts, sources));
    const facts = kept === undefined ? this.#describe(sources) : Promise.resolve({ ...kept, sources });
    this.#asked.set(key, facts);
    return await facts;
  }
}

/** As many VPCs at once as one filter takes the subnets and groups of. */
function partsOf(vpcs: readonly (readonly Source[])[]): readonly (readonly Source[])[] {
  const parts: Source[][] = [];
  let count = 0;
  for (const sources of vpcs) {
    const last = parts.at(-1);
    if (last === undefined || count >= VPCS_MAX || valuesOf([...last, ...sources]) > VALUES_MAX) {
      parts.push([...sources]);
      count = 1;
    } else {
      last.push(...sources);
      count += 1;
    }
  }
  return parts;
}

function valuesOf(sources: readonly Source[]): number {
  const subnets = new Set(sources.map(({ subnet }) => subnet));
  const groups = new Set(sources.flatMap(({ securityGroups = [] }) => securityGroups));
  return Math.max(subnets.size, groups.size);
}

function covers(facts: NetworkFacts, sources: Read<Source>): boolean {
  if (isUnread(sources) || isUnread(facts.sources) || sources.length === 0) return false;
  const groups = new Set(facts.sources.flatMap(({ securityGroups = [] }) => securityGroups));
  const subnets = new Set(facts.sources.map(({ subnet }) => subnet));
  return sources.every(
    ({ subnet, securityGroups = [] }) =>
      subnets.has(subnet) && securityGroups.every((one) => groups.has(one)),
  );
}
