/** Every service of an account's region, with the revision that it runs: what a scan reads. Writes nothing. */

import {
  DescribeServicesCommand,
  ECSClient,
  ListClustersCommand,
  ListServicesCommand,
} from "@aws-sdk/client-ecs";
import { getObjects } from "../../ecs/json-fields.ts";
import { readService, type Service } from "../../ecs/service/service.ts";
import { AwsError } from "../../remediation/ports/aws-error.ts";
import { forEachConcurrently } from "../../runtime/for-each-concurrently.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { callAws, hasErrorCode, toAwsError } from "../client/aws-error-codes.ts";
import { sendRaw } from "../client/calls/raw-json.ts";
import { type AwsSettings, clientConfiguration } from "../client/client-config.ts";

export interface ServiceInventory {
  /** ARNs of the region's clusters. */
  clusters(): Promise<readonly string[]>;
  /** The services of a cluster, described as they are found, a page at a time. Throws AwsError. */
  services(cluster: string): AsyncIterable<readonly Service[]>;
}

/** ListServices answers at most a hundred names, DescribeServices takes at most ten. */
const LISTED = 100;
const DESCRIBED = 10;
const PAGES_MAX = 100;
/** ECS takes a hundred reads of services at once and twenty a second. */
const AT_ONCE = 3;

export function createServiceInventory(settings: AwsSettings): ServiceInventory {
  const client = new ECSClient(clientConfiguration(settings));

  const describe = async (cluster: string, services: readonly string[]): Promise<readonly Service[]> => {
    const answer: JsonObject = await callAws("ecs:DescribeServices", () =>
      sendRaw(client, new DescribeServicesCommand({ cluster, services: [...services], include: ["TAGS"] })),
    );
    return getObjects(answer, "services").map(readService);
  };

  return {
    async clusters() {
      const arns: string[] = [];
      let nextToken: string | undefined;
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const listed = await callAws("ecs:ListClusters", () =>
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
        const listed = await client
          .send(
            new ListServicesCommand({
              cluster,
              maxResults: LISTED,
              ...(nextToken === undefined ? {} : { nextToken }),
            }),
          )
          .catch((error: unknown) => {
            throw listingError(error, cluster, settings.region);
          });
        const arns = listed.serviceArns ?? [];
        const described: (readonly Service[])[] = [];
        const chunks = Array.from({ length: Math.ceil(arns.length / DESCRIBED) }, (_, index) => index);
        await forEachConcurrently(chunks, AT_ONCE, async (chunk) => {
          const at = chunk * DESCRIBED;
          described[chunk] = await describe(cluster, arns.slice(at, at + DESCRIBED));
        });
        yield described.flat();
        nextToken = listed.nextToken;
        if (nextToken === undefined) return;
      }
    },
  };
}

/** ECS's own words, "Cluster not found.", do not say which: it may be the one that a person named, with a slip. */
function listingError(error: unknown, cluster: string, region: string): AwsError {
  const action = "ecs:ListServices";
  if (!hasErrorCode(error, "ClusterNotFoundException")) return toAwsError(action, error);
  const name = cluster.slice(cluster.lastIndexOf("/") + 1);
  return new AwsError("absent", action, `${action}: there is no cluster ${name} in ${region}`, {
    cause: error,
  });
}
