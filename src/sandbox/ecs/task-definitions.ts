/**
 * Task definitions as ECS keeps them: families of numbered revisions that never change once registered.
 *
 * DescribeTaskDefinition answers what was registered, unknown members included, plus what ECS adds
 * itself; the tags are next to it. Only `status` changes, when a revision is deregistered.
 */

import { getObjects, getStrings } from "../../ecs/json-fields.ts";
import type { Tag } from "../../ecs/task-definition/tag.ts";
import type { DescribedTaskDefinition } from "../../ecs/task-definition/task-definition.ts";
import { type ImageReference, tryParseReference } from "../../image/reference.ts";
import { registryOf } from "../../image/registry-hosts.ts";
import type { AwsError } from "../../remediation/ports/aws-error.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { awsRefusal } from "../aws/faults/aws-error.ts";
import type { AwsLocation } from "../example-location.ts";
import type { Assumptions } from "../world/assumptions.ts";
import { frozen } from "./frozen.ts";

const REGISTER = "ecs:RegisterTaskDefinition";
const TAGS_MAX = 50;
/** "repo:tag" at most 255 characters; with a digest the limit applies to the part before the "@". */
const IMAGE_LENGTH_MAX = 255;

/** What every task definition here asks of a container instance. */
export const REQUIRED_ATTRIBUTES: JsonObject[] = [
  { name: "com.amazonaws.ecs.capability.docker-remote-api.1.18" },
];

/** What ECS fills in where a container definition leaves it out. */
const CONTAINER_DEFAULTS: JsonObject = {
  cpu: 0,
  portMappings: [],
  essential: true,
  environment: [],
  mountPoints: [],
  volumesFrom: [],
  systemControls: [],
};

export interface TaskDefinitions {
  /** Registers the next revision of its family and answers its ARN. Throws AwsError `invalid`. @param by which caller ECS names */
  register(registrable: JsonObject, by?: "account" | "repull"): string;
  /** By ARN, `family:revision`, or `family` for the newest active revision. */
  describe(name: string): DescribedTaskDefinition | undefined;
  /** The newest ACTIVE revisions of a family, newest first. */
  newest(family: string, count: number): readonly { readonly arn: string; readonly tags: readonly Tag[] }[];
  /** Every revision of every family, in the order of its number. */
  all(): readonly DescribedTaskDefinition[];
  /** Has a family's next revision get at least this number: its earlier ones are long gone. */
  skipTo(family: string, revision: number): void;
  /** Makes a revision INACTIVE: running services keep it, nothing new may use it. */
  deregister(arn: string): void;
}

type Revision = {
  readonly number: number;
  readonly arn: string;
  taskDefinition: JsonObject;
  readonly tags: readonly Tag[];
};

/** An empty shelf of task definitions. */
export function createTaskDefinitions(
  home: AwsLocation,
  clock: Clock,
  unverified: Pick<Assumptions, "imageMayHaveTagAndDigest">,
): TaskDefinitions {
  const families = new Map<string, Revision[]>();
  const firstNumbers = new Map<string, number>();
  const prefix = `arn:${home.partition}:ecs:${home.region}:${home.account}:task-definition/`;

  const principals = {
    account: `arn:${home.partition}:iam::${home.account}:root`,
    repull: `arn:${home.partition}:sts::${home.account}:assumed-role/repull-remediate/repull-remediate`,
  } as const;

  const find = (name: string): Revision | undefined => {
    const short = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    const [family = "", revision] = short.split(":");
    const revisions = families.get(family) ?? [];
    return revision === undefined
      ? revisions.findLast(isActive)
      : revisions.find(({ arn }) => arn === `${prefix}${short}`);
  };

  return {
    register(registrable, by = "account") {
      refuseWhatEcsRefuses(registrable, unverified.imageMayHaveTagAndDigest);
      const { tags: _, ...sent } = structuredClone(registrable);
      const family = String(sent.family);
      const revisions = families.get(family) ?? [];
      const number = Math.max((revisions.at(-1)?.number ?? 0) + 1, firstNumbers.get(family) ?? 1);
      const arn = `${prefix}${family}:${number}`;
      revisions.push({
        number,
        arn,
        taskDefinition: frozen<JsonObject>({
          volumes: [],
          placementConstraints: [],
          ...sent,
          containerDefinitions: getObjects(sent, "containerDefinitions").map((container) => ({
            ...CONTAINER_DEFAULTS,
            ...container,
          })),
          taskDefinitionArn: arn,
          revision: number,
          status: "ACTIVE",
          requiresAttributes: REQUIRED_ATTRIBUTES,
          compatibilities: ["EC2", ...(sent.networkMode === "awsvpc" ? ["FARGATE"] : [])],
          registeredAt: clock.now() / 1000,
          registeredBy: principals[by],
        }),
        tags: frozen(tagsOf(registrable)),
      });
      families.set(family, revisions);
      return arn;
    },
    describe(name) {
      const found = find(name);
      return found && { taskDefinition: found.taskDefinition, tags: found.tags };
    },
    newest(family, count) {
      return (families.get(family) ?? [])
        .filter(isActive)
        .toReversed()
        .slice(0, count)
        .map(({ arn, tags }) => ({ arn, tags }));
    },
    all: () => [...families.values()].flat().map(({ taskDefinition, tags }) => ({ taskDefinition, tags })),
    skipTo(family, revision) {
      firstNumbers.set(family, revision);
    },
    deregister(arn) {
      const found = find(arn);
      if (found === undefined) return;
      found.taskDefinition = frozen({
        ...found.taskDefinition,
        status: "INACTIVE",
        deregisteredAt: clock.now() / 1000,
      });
    },
  };
}

/** Whether a revision may still be used by something new. */
function isActive({ taskDefinition }: { readonly taskDefinition: JsonObject }): boolean {
  return taskDefinition.status === "ACTIVE";
}

function tagsOf(registrable: JsonObject): readonly Tag[] {
  return getObjects(registrable, "tags").map(({ key, value }) => ({
    key: String(key),
    value: String(value ?? ""),
  }));
}

function refuseWhatEcsRefuses(registrable: JsonObject, tagAndDigest: boolean): void {
  const refusal = (because: string): AwsError => awsRefusal("invalid", REGISTER, "ClientException", because);
  const { family } = registrable;
  if (typeof family !== "string" || !/^[A-Za-z0-9_-]{1,255}$/.test(family))
    throw refusal("Family contains invalid characters.");

  const containers = getObjects(registrable, "containerDefinitions");
  if (containers.length === 0) throw refusal("Container list cannot be empty.");
  if (!containers.some(({ essential }) => essential !== false))
    throw refusal("Invalid setting for container. At least one container must be essential.");

  for (const { name, image } of containers) {
    const reference = tryParseReference(image);
    if (typeof image !== "string" || reference === undefined)
      throw refusal(`Container.image: ${name}: invalid image`);
    if ((image.split("@")[0] ?? "").length > IMAGE_LENGTH_MAX)
      throw refusal("Container.image should not exceed 255 characters.");
    if (!tagAndDigest && reference.tag !== undefined && reference.digest !== undefined)
      throw refusal(`Container.image: ${name}: a tag and a digest together`);
    if (isEcr(reference) && isForFargate(registrable) && registrable.executionRoleArn === undefined)
      throw refusal("Fargate requires task definition to have execution role ARN to support ECR images.");
  }

  const tags = tagsOf(registrable);
  if (tags.length > TAGS_MAX) throw refusal("Too many tags: at most 50.");
  for (const { key, value } of tags) {
    if (key.length > 128 || value.length > 256) throw refusal(`Invalid tag ${key}: too long.`);
    if (key.toLowerCase().startsWith("aws:")) throw refusal(`Invalid tag ${key}: aws: is reserved.`);
  }
}

function isForFargate(registrable: JsonObject): boolean {
  return getStrings(registrable, "requiresCompatibilities").includes("FARGATE");
}

function isEcr(reference: ImageReference): boolean {
  return registryOf(reference.host).kind === "ecr";
}
