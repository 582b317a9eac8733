/**
 * What a cluster's container instances are, by the attributes that the ECS agent registers.
 *
 * EC2, external and managed instances alike. A cluster may have thousands: some are looked at, and where there are more,
 * nothing is said of the rest.
 */

import {
  type ContainerInstance,
  DescribeContainerInstancesCommand,
  ECSClient,
  ListContainerInstancesCommand,
} from "@aws-sdk/client-ecs";
import { windowsBuildOf } from "../../../ecs/task-definition/windows-release.ts";
import { normalizePlatform, type Platform } from "../../../image/platform.ts";
import type { ContainerInstances, InstanceKind } from "../../../remediation/ports/container-instances.ts";
import { callAws, toAwsError } from "../../client/aws-error-codes.ts";
import { type AwsSettings, clientConfiguration } from "../../client/client-config.ts";

/** DescribeContainerInstances takes no more at once, ListContainerInstances answers no more. */
const AT_ONCE = 100;
/** A thousand machines, in twenty calls. */
const PAGES_MAX = 10;
/** Not worth half a minute: the answer may be that it is not known. */
const ATTEMPTS_MAX = 3;

export function createContainerInstances(settings: AwsSettings): ContainerInstances {
  const client = new ECSClient(clientConfiguration({ attemptsMax: ATTEMPTS_MAX, ...settings }));

  /** The instances that take tasks, page by page; undefined after the last one that is looked at. */
  const pageOf = async (cluster: string, nextToken: string | undefined) => {
    const listed = await callAws("ecs:ListContainerInstances", () =>
      client.send(
        new ListContainerInstancesCommand({
          cluster,
          status: "ACTIVE",
          maxResults: AT_ONCE,
          ...(nextToken === undefined ? {} : { nextToken }),
        }),
      ),
    );
    const { containerInstanceArns = [] } = listed;
    if (containerInstanceArns.length === 0) return { instances: [], nextToken: listed.nextToken };
    const { containerInstances = [], failures = [] } = await callAws("ecs:DescribeContainerInstances", () =>
      client.send(
        new DescribeContainerInstancesCommand({ cluster, containerInstances: containerInstanceArns }),
      ),
    );
    // One that has gone since it was listed takes no tasks.
    const lost = failures.find(({ reason }) => reason !== "MISSING");
    return { instances: containerInstances, nextToken: listed.nextToken, lost };
  };

  return {
    async kinds(cluster) {
      const kinds = new Map<string, InstanceKind>();
      let nextToken: string | undefined;
      try {
        for (let page = 0; page < PAGES_MAX; page += 1) {
          const { instances, lost, nextToken: next } = await pageOf(cluster, nextToken);
          if (lost !== undefined)
            return { kind: "unknown", because: `ECS does not describe every machine: ${lost.reason}` };
          for (const instance of instances) {
            const machines = instanceKinds(instance);
            if (machines === undefined) {
              const name = instance.ec2InstanceId ?? instance.containerInstanceArn ?? "one";
              return { kind: "unknown", because: `the machine ${name} does not say its architecture` };
            }
            kinds.set(JSON.stringify(machines), machines);
          }
          nextToken = next;
          if (nextToken === undefined) return { kind: "known", machines: [...kinds.values()] };
        }
      } catch (error) {
        const { message } = toAwsError("ecs:DescribeContainerInstances", error);
        return { kind: "unknown", because: message.slice(0, 200) };
      }
      return {
        kind: "unknown",
        because: `the cluster has more than the ${PAGES_MAX * AT_ONCE} machines that are looked at`,
      };
    },
  };
}

/** `ecs.cpu-architecture` is x86_64 or arm64, `ecs.os-type` linux or windows, `ecs.os-family` the release of Windows. */
function instanceKinds({
  attributes = [],
  capacityProviderName,
}: ContainerInstance): InstanceKind | undefined {
  const attribute = (wanted: string) => attributes.find(({ name }) => name === wanted)?.value;
  const architecture = attribute("ecs.cpu-architecture");
  const os = attribute("ecs.os-type");
  if (architecture === undefined || os === undefined) return undefined;
  const osVersion = windowsBuildOf(attribute("ecs.os-family") ?? "");
  const platform: Platform = normalizePlatform({
    os,
    architecture,
    ...(osVersion === undefined ? {} : { osVersion }),
  });
  return {
    platform,
    ...(capacityProviderName === undefined ? {} : { capacityProvider: capacityProviderName }),
  };
}
