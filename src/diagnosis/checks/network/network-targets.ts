/** What a start has to reach, as the model of the network takes it: what its words name, or all that its definition needs. */

import { parseArn } from "../../../ecs/arn.ts";
import { getObject, getObjects, getString } from "../../../ecs/json-fields.ts";
import { awsDomainOf } from "../../../image/ecr-hosts.ts";
import { tryParseReference } from "../../../image/reference.ts";
import { registryOf } from "../../../image/registry-hosts.ts";
import {
  awsService,
  type Destination,
  DOCKER_HUB,
  ECR_PUBLIC,
  ecrPull,
  otherHost,
} from "../../../network/destination.ts";
import type { Hypothesis } from "../../causes.ts";
import { containersOf, imagesOf, regionOf, type Scene } from "../../scene.ts";
import type { TargetName } from "../../words/words.ts";

export type NetworkTarget = { readonly name: TargetName; readonly destination: Destination };

/** What the failure's words say was not reached. */
export function toldTargets(hypotheses: readonly Hypothesis[], scene: Scene): readonly NetworkTarget[] {
  const told = hypotheses.flatMap(({ code, params }): readonly NetworkTarget[] => {
    if (code === "no-way-to-secrets-or-ecr")
      return neededTargets(scene).filter(({ name }) => ["ecr.api", "secretsmanager", "ssm"].includes(name));
    const { service: name, address, host } = params;
    if (name === undefined || name === "efs") return [];
    return targetOf(
      name as TargetName,
      {
        ...(host === undefined ? {} : { host }),
        ...(params.region === undefined ? {} : { region: params.region }),
      },
      scene,
    ).map((one) => (address === undefined ? one : { ...one, destination: { ...one.destination, address } }));
  });
  return distinct(told);
}

function targetOf(
  name: TargetName,
  told: { readonly host?: string; readonly region?: string },
  scene: Scene,
): readonly NetworkTarget[] {
  const region = told.region ?? scene.region;
  if (name === "docker-hub") {
    const known = DOCKER_HUB.filter(({ host }) => host === told.host);
    return (known.length > 0 ? known : DOCKER_HUB.slice(0, 1)).map((destination) => ({ name, destination }));
  }
  if (name === "registry")
    return told.host === undefined ? [] : [{ name, destination: otherHost(told.host) }];
  if (name === "ecr.api" || name === "ecr.dkr" || name === "s3") {
    const needed = imagesOf(scene)
      .flatMap(imageTargets)
      .filter((one) => one.name === name);
    const [first] = needed;
    if (first !== undefined) return [first];
  }
  return name === "efs" ? [] : [{ name, destination: awsService(name, region, awsDomainOf(region)) }];
}

/** A service of AWS in the region of the start. */
export function awsTarget(name: TargetName, { region }: Scene): NetworkTarget {
  return { name, destination: awsService(name, region, awsDomainOf(region)) };
}

export function hostOf({ destination }: NetworkTarget): string {
  return destination.host;
}

/** Everything that a start of this definition asks for by the network. */
export function neededTargets(scene: Scene): readonly NetworkTarget[] {
  const containers = containersOf(scene);
  const images = imagesOf(scene).flatMap(imageTargets);
  const secrets = containers.flatMap((container) => [
    ...getObjects(container, "secrets").flatMap((one) => getString(one, "valueFrom") ?? []),
    ...(getString(getObject(container, "repositoryCredentials") ?? {}, "credentialsParameter") ?? []),
  ]);
  const stores = secrets.map((text): NetworkTarget => {
    const name = parseArn(text)?.service === "secretsmanager" ? "secretsmanager" : "ssm";
    const region = regionOf(text, scene);
    return { name, destination: awsService(name, region, awsDomainOf(region)) };
  });
  const logs = containers.flatMap((container): readonly NetworkTarget[] => {
    const log = getObject(container, "logConfiguration") ?? {};
    if (getString(log, "logDriver") !== "awslogs") return [];
    const region = getString(getObject(log, "options") ?? {}, "awslogs-region") ?? scene.region;
    return [{ name: "logs", destination: awsService("logs", region, awsDomainOf(region)) }];
  });
  const files = containers.flatMap((container) => getObjects(container, "environmentFiles"));
  const s3: NetworkTarget = {
    name: "s3",
    destination: awsService("s3", scene.region, awsDomainOf(scene.region)),
  };
  return distinct([...images, ...stores, ...logs, ...(files.length === 0 ? [] : [s3])]);
}

function imageTargets(image: string): readonly NetworkTarget[] {
  const host = tryParseReference(image)?.host;
  if (host === undefined) return [];
  const registry = registryOf(host);
  if (registry.kind === "docker-hub")
    return DOCKER_HUB.map((destination) => ({ name: "docker-hub", destination }));
  if (registry.kind === "ecr-public")
    return ECR_PUBLIC.map((destination) => ({ name: "registry", destination }));
  if (registry.kind === "other") return [{ name: "registry", destination: otherHost(host) }];
  const { region, partition, account, dualStack, fips } = registry;
  const repository = `arn:${partition}:ecr:${region}:${account}:repository/${tryParseReference(image)?.path ?? "*"}`;
  const [api, dkr, s3] = ecrPull({
    host,
    isNamedByEndpoint: !dualStack && !fips,
    region,
    domain: awsDomainOf(region),
    partition,
    repository,
  });
  return [
    ...(api === undefined ? [] : [{ name: "ecr.api" as const, destination: api }]),
    ...(dkr === undefined ? [] : [{ name: "ecr.dkr" as const, destination: dkr }]),
    ...(s3 === undefined ? [] : [{ name: "s3" as const, destination: s3 }]),
  ];
}

function distinct(all: readonly NetworkTarget[]): readonly NetworkTarget[] {
  const key = ({ name, destination }: NetworkTarget) => `${name} ${destination.host}`;
  return all.filter((one, index) => all.findIndex((other) => key(other) === key(one)) === index);
}
