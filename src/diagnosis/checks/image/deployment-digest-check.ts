/**
 * Whether ECR still has the bytes that a deployment is fixed to: ECS resolves a tag once for each deployment and pulls that digest
 * from then on, so that a service which runs may be unable to start one task more.
 * (AmazonECS/…/deployment-type-ecs.html, API_ServiceRevision, API_ContainerImage, read 2026-11)
 */

import { sameRevision } from "../../../ecs/arn.ts";
import { getMoment, getObject, getObjects, getString, optional } from "../../../ecs/json-fields.ts";
import type { JsonObject } from "../../../runtime/json.ts";
import type { Scene } from "../../scene.ts";
import { cacheRuleChecks } from "../cache-rule-checks.ts";
import { failed, notApplicable, notChecked, passed, type StartCheck, unknown } from "../check.ts";
import { describeImage, ecrPlaceOf } from "./described-image.ts";

const ID = "service.deployment-digest";
const DEPLOYMENTS_MAX = 5;
const IMAGES_MAX = 5;

export async function deploymentDigestChecks(scene: Scene): Promise<readonly StartCheck[]> {
  const { start, service, reads, region } = scene;
  if (service === undefined || start.service === undefined)
    return [notApplicable(ID, "the task is not of a service that is known")];
  const controller = getString(getObject(service, "deploymentController") ?? {}, "type") ?? "ECS";
  if (controller !== "ECS") return [notApplicable(ID, `the service is deployed by ${controller}`)];
  const input = { ...optional("cluster", start.cluster), service: start.service };
  const listed = await reads.read("ecs.ListServiceDeployments", input, region);
  if (listed.kind === "unread")
    return [notChecked(ID, listed, ["ecs.ListServiceDeployments", input, region])];
  const deployments = listed.kind === "answer" ? getObjects(listed.answer, "serviceDeployments") : [];
  const serviceRevisionArns = [...deployments]
    .sort((a, b) => (getMoment(b, "createdAt") ?? 0) - (getMoment(a, "createdAt") ?? 0))
    .flatMap((one) => getString(one, "targetServiceRevisionArn") ?? [])
    .slice(0, DEPLOYMENTS_MAX);
  if (serviceRevisionArns.length === 0) return [unknown(ID, "ECS lists no deployment of the service")];
  const asked = { serviceRevisionArns };
  const found = await reads.read("ecs.DescribeServiceRevisions", asked, region);
  if (found.kind === "unread")
    return [notChecked(ID, found, ["ecs.DescribeServiceRevisions", asked, region])];
  const all = found.kind === "answer" ? getObjects(found.answer, "serviceRevisions") : [];
  const own = serviceRevisionArns
    .map((arn) => all.find((one) => getString(one, "serviceRevisionArn") === arn))
    .find((one) => one !== undefined && isOf(one, start.taskDefinition));
  if (own === undefined)
    return [
      unknown(
        ID,
        `no revision of the service that ECS describes is of ${start.taskDefinition ?? "this task"}`,
      ),
    ];
  const images = getObjects(own, "containerImages").slice(0, IMAGES_MAX);
  const checks = await Promise.all(images.map((one) => imageCheck(one, scene)));
  return checks.length === 0 ? [unknown(ID, "ECS has resolved no digest for the deployment")] : checks;
}

function isOf(revision: JsonObject, taskDefinition: string | undefined): boolean {
  const own = getString(revision, "taskDefinition");
  return taskDefinition === undefined || own === undefined || sameRevision(own, taskDefinition);
}

async function imageCheck(resolved: JsonObject, scene: Scene): Promise<StartCheck> {
  const image = getString(resolved, "image") ?? "";
  const digest = getString(resolved, "imageDigest");
  if (digest === undefined) return unknown(ID, `ECS names no digest of ${image}`);
  const place = ecrPlaceOf(image, scene);
  if (place === undefined)
    return unknown(ID, `${image} is not in this account's ECR: only its registry knows`);
  const { found, input, detail } = await describeImage(
    { ...place, wanted: { ...place.wanted, digest } },
    scene,
  );
  if (found.kind === "unread") return notChecked(ID, found, ["ecr.DescribeImages", input, place.region]);
  if (detail !== undefined)
    return passed(ID, `ECR has ${digest}, to which the deployment is fixed`, [
      "digest-of-deployment-gone",
      "digest-of-deployment-gone-or-repository-denied",
    ]);
  // An answer about another digest of the repository, as one may be recorded, does not say that this one is gone.
  if (found.kind === "answer") return unknown(ID, `ECR's answer is not about ${digest}`);
  const { repository, region, account } = place;
  // The upstream may still have it, and the next pull brings it back.
  if (
    (await cacheRuleChecks({ image, repository, region, account, isRepositoryThere: true }, scene)) !==
    undefined
  )
    return unknown(ID, `${digest} is not in ${repository}: a pull-through cache rule may bring it back`);
  return failed(
    ID,
    `ECR has no ${digest} in ${repository}, to which the deployment is fixed`,
    "digest-of-deployment-gone",
    {
      image,
      repository,
      region,
      account,
      digest,
    },
  );
}
