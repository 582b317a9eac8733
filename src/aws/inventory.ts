/** Every service of an account's region, with the revision that it runs: what a scan reads. Writes nothing. */

import {
  DescribeServicesCommand,
  ECSClient,
  ListClustersCommand,
  ListServicesCommand,
} from "@aws-sdk/client-ecs";
import type { JsonObject } from "../runtime/json.ts";
import { objectsIn } from "../workload/members.ts";
import { readService, type Service } from "../workload/service.ts";
import { type AwsSettings, clientConfiguration } from "./client-settings.ts";
import { awsErrorOf } from "./failure.ts";
import { sendRaw } from "./raw-json.ts";

export interface Inventory {
  /** ARNs of the region's clusters. */
  clusters(): Promise<readonly string[]>;
  /** The services of a cluster, described a few at a time as they are found. Throws AwsError. */
  services(cluster: string): AsyncIterable<readonly Service[]>;
}

/** ListServices answers at most a hundred names, DescribeServices takes at most ten. */
const LISTED = 100;
const DESCRIBED = 10;
const PAGES_MAX = 100;

export function createInventory(settings: AwsSettings): Inventory {
  const client = new ECSClient(clientConfiguration(settings));

  const describe = async (cluster: string, services: readonly string[]): Promise<readonly Service[]> => {
    const answer: JsonObject = await attempt("ecs:DescribeServices", () =>
      sendRaw(client, new DescribeServicesCommand({ cluster, services: [...services], include: ["TAGS"] })),
    );
    return objectsIn(answer, "services").map(readService);
  };

  return {
    async clusters() {
      const arns: string[] = [];
      let nextToken: string | undefined;
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const listed = await attempt("ecs:ListClusters", () =>
          client.send(new ListClustersCommand(nextToken === undefined ? {} : { nextToken })),
        );
        arns.push(...(listed.clusterArns ?? []));
        nextToken = listed.nextToken;
        if (nextToken === undefined) break;
      }
      return arns;
    },

    async *services(cluster) {
      let nextToken: string | undefined;
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const listed = await attempt("ecs:ListServices", () =>
          client.send(
            new ListServicesCommand({
              cluster,
              maxResults: LISTED,
              ...(nextToken === undefined ? {} : { nextToken }),
            }),
          ),
        );
        const arns = listed.serviceArns ?? [];
        for (let at = 0; at < arns.length; at += DESCRIBED)
          yield await describe(cluster, arns.slice(at, at + DESCRIBED));
        nextToken = listed.nextToken;
        if (nextToken === undefined) return;
      }
    },
  };
}

async function attempt<T>(action: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw awsErrorOf(action, error);
  }
}
