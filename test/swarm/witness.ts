/**
 * Sees every effect of the product at the moment at which it happens, and knows what must never be.
 *
 * It stands below whoever lies: what it sees is true. What it looks for is written from the promises to the owner,
 * not from the product's code; it shares nothing with the planner.
 */

import { isDeepStrictEqual } from "node:util";
import type { Ports } from "../../src/remediation/ports.ts";
import type { Json, JsonObject } from "../../src/runtime/json.ts";
import type { World } from "../../src/sandbox/world.ts";
import { DEFAULT_POLICY, type Policy } from "../../src/substitution/policy.ts";
import { createLedger } from "./ledger.ts";
import { IMAGES, SECRET } from "./random-world.ts";

export const INVARIANTS = [
  "same-bytes",
  "nothing-lost",
  "not-overwritten",
  "bounded",
  "recorded",
  "no-secret",
  "healed",
  "one-execution",
  "copied-once",
  "approved",
  "capped",
  "once",
] as const;
export type Invariant = (typeof INVARIANTS)[number];

export class Violation extends Error {
  override readonly name = "Violation";
  readonly invariant: Invariant;
  constructor(invariant: Invariant, what: string) {
    super(`${invariant}: ${what}`);
    this.invariant = invariant;
  }
}

/** Of one execution: a survey, three rungs, a way back, and each answer may be lost while what it made cannot be read yet. */
const REVISIONS_MAX = 8;
const REDEPLOYMENTS_MAX = 8;
/** Of one service over one revision, by whatever executions: in a day and a half, or in the four that a capped world has. */
const REVISIONS_OF_INCIDENT_MAX = 14;
const REVISIONS_OF_DAYS_MAX = 40;

/** What an execution has last been told of the service, whether true or not. */
type View = {
  deployment?: string;
  surveyed?: string;
  /** In the step that is under way: a process that dies here knows nothing of it. */
  readonly seen: Set<string>;
};

/** A deployment of somebody else: a person, a pipeline, or ECS itself. */
export type Foreign = {
  readonly service: string;
  readonly deployment: string;
  readonly revision: string;
  readonly byEcs?: true;
};

export type Witness = ReturnType<typeof createWitness>;

export function createWitness(world: World, policy: Policy) {
  const violations: Violation[] = [];
  const views = new Map<string, View>();
  /** Revision → the execution that registered it, and the revision that it was made of. */
  const ours = new Map<string, { execution: string; former: string }>();
  /** Deployment → the execution that started it. */
  const started = new Map<string, string>();
  const registered = new Map<string, number>();
  const redeployed = new Map<string, number>();
  const incidents = new Map<string, number>();
  const copies = new Map<string, number>();
  /** Every deployment that an answer of ECS has told the product of. */
  const shown = new Set<string>();
  /** In the order of time. */
  const foreign: Foreign[] = [];
  /** Deployments of whose failure Docker Hub's limit was told to be the cause. */
  const told = new Set<string>();
  const isCapped = policy.caps.remediationsPerHour < DEFAULT_POLICY.caps.remediationsPerHour;
  const revisionsMax = isCapped ? REVISIONS_OF_DAYS_MAX : REVISIONS_OF_INCIDENT_MAX;
  let races = 0;
  let copiesForgiven = 0;
  let looked = 0;

  /** What happened, in the order of the world's time: what a failing seed is understood by. */
  const story: string[] = [];
  const note = (line: string): void => {
    story.push(`${new Date(world.clock.now()).toISOString().slice(11, 19)} ${line}`);
  };
  const violate = (invariant: Invariant, what: string): void => {
    violations.push(new Violation(invariant, what));
  };
  const viewOf = (execution: string): View => {
    const view = views.get(execution) ?? { seen: new Set() };
    views.set(execution, view);
    return view;
  };
  const containersIn = (arn: string): readonly JsonObject[] =>
    (world.definitions.describe(arn)?.taskDefinition.containerDefinitions ?? []) as readonly JsonObject[];
  /** What the owner wrote for this container, however many revisions of ours lie between. */
  const ownersImage = (arn: string, name: string): string => {
    const made = ours.get(arn);
    if (made !== undefined) return ownersImage(made.former, name);
    return String(containersIn(arn).find((container) => container.name === name)?.image);
  };
  /** What a tag has meant before it moved. */
  const formerly = new Map<string, Set<string>>();
  /** Every digest that the owner's words may have meant since it all began. */
  const meant = (image: string): ReadonlySet<string> =>
    new Set([...meantNow(image), ...(formerly.get(image) ?? [])]);
  /** Every digest that they may mean now: the image's, and those of its platforms. */
  const meantNow = (image: string): ReadonlySet<string> => {
    const path = image.includes("/") ? image : `library/${image}`;
    const [repository = "", tag = ""] = path.split(/[:@](?=[^:@]*$)/);
    const manifest = world.registries.dockerHub.manifest(repository, tag);
    if (manifest === undefined) return new Set();
    const children = (JSON.parse(Buffer.from(manifest.bytes).toString()).manifests ?? []) as {
      digest: string;
    }[];
    return new Set([manifest.digest, ...children.map(({ digest }) => digest)]);
  };

  for (const image of IMAGES) formerly.set(image, new Set(meantNow(image)));
  const ledger = createLedger(policy, violate, note);

  const tell = (execution: string, text: unknown, where: string): void => {
    const told = typeof text === "string" ? text : JSON.stringify(text);
    if (told?.includes(SECRET) || /dckr_jti_[A-Za-z0-9_-]{8}/.test(told ?? ""))
      violate("no-secret", `${where} of ${execution}`);
  };

  /** The world's own ports, with eyes: what passes here has happened. */
  const watchEffects = (ports: Ports, execution: string): Ports => ({
    ...ports,
    log: {
      debug: (message, ...fields) => tell(execution, [message, fields], "a log line"),
      info: (message, ...fields) => tell(execution, [message, fields], "a log line"),
      warn: (message, ...fields) => tell(execution, [message, fields], "a log line"),
      error: (message, ...fields) => tell(execution, [message, fields], "a log line"),
    },
    ecs: {
      ...ports.ecs,
      async registerTaskDefinition(registrable) {
        ledger.registers(execution);
        const arn = await ports.ecs.registerTaskDefinition(registrable);
        const former = formerOf(registrable) ?? "";
        ours.set(arn, { execution, former });
        note(`${execution} registers ${arn} for ${former}`);
        count(registered, execution, REVISIONS_MAX, "revisions of one execution");
        count(incidents, former, revisionsMax, "revisions for one failing revision");
        compare(arn, former);
        const tags = world.definitions.describe(arn)?.tags ?? [];
        tell(execution, tags, "the tags of a revision");
        for (const { name, image } of containersIn(arn)) {
          const owners = ownersImage(arn, String(name));
          const digest = String(image).split("@")[1];
          if (image !== owners && !meant(owners).has(digest ?? ""))
            violate("same-bytes", `${arn} has ${image} in place of ${owners}`);
        }
        return arn;
      },
      async updateService(cluster, name, revision) {
        const service = world.cluster.service(cluster, name);
        const [primary] = service?.deployments ?? [];
        const view = viewOf(execution);
        if (primary !== undefined && primary.id !== view.surveyed && started.get(primary.id) !== execution) {
          if (view.deployment === primary.id)
            violate(
              "not-overwritten",
              `${execution} replaced ${primary.id} of ${name}, and knew that it was there`,
            );
          else races += 1;
        }
        const answer = await ports.ecs.updateService(cluster, name, revision);
        const [now] = service?.deployments ?? [];
        if (now !== undefined && now.id !== primary?.id) started.set(now.id, execution);
        note(`${execution} updates ${name} to ${revision}: ${now?.id}, after ${primary?.id}`);
        count(redeployed, execution, REDEPLOYMENTS_MAX, "redeployments of one execution");
        return answer;
      },
    },
    bus: {
      async publish(detail) {
        tell(execution, detail, "an event");
        ledger.publishes(execution, detail);
        note(`${execution} ${detail.outcome}: ${detail.because}`);
        await ports.bus.publish(detail);
      },
    },
    caps: ledger.watchClaims(ports.caps),
    tasks: {
      ...ports.tasks,
      async run(request) {
        const run = await ports.tasks.run(request);
        if (run.kind === "started") ledger.runs(execution, run.arn);
        return run;
      },
    },
    copier: {
      ...ports.copier,
      async copy(request, options) {
        const result = await ports.copier.copy(request, options);
        if (!result.alreadyPresent) {
          const key = `${request.target.host}/${request.target.path}@${result.digest}`;
          ledger.copies(key);
          count(copies, key, 1 + copiesForgiven, "copies of one image", "copied-once");
        }
        return result;
      },
    },
  });

  /** What the product is told, above whoever lies. */
  const watchAnswers = (ports: Ports, execution: string): Ports => ({
    ...ports,
    ecs: {
      ...ports.ecs,
      async describeService(cluster, name) {
        const service = await ports.ecs.describeService(cluster, name);
        for (const { id } of service?.deployments ?? []) {
          viewOf(execution).seen.add(id);
        }
        const deployment = service?.deployments.find(({ status }) => status === "PRIMARY")?.id;
        const view = viewOf(execution);
        if (deployment === undefined) delete view.deployment;
        else view.deployment = deployment;
        return service;
      },
    },
  });

  const count = (
    counts: Map<string, number>,
    key: string,
    max: number,
    what: string,
    invariant: Invariant = "bounded",
  ): void => {
    const now = (counts.get(key) ?? 0) + 1;
    counts.set(key, now);
    if (now === max + 1) violate(invariant, `more than ${max} ${what}: ${key}`);
  };

  /** Everything but the images and what ECS writes itself is as it was, members of tomorrow included. */
  const compare = (arn: string, former: string): void => {
    const [now, before] = [arn, former].map((one) => world.definitions.describe(one));
    if (now === undefined || before === undefined) {
      violate("nothing-lost", `${arn} says that it was made of ${former}, which is not there`);
      return;
    }
    if (!isDeepStrictEqual(essence(now.taskDefinition), essence(before.taskDefinition)))
      violate("nothing-lost", `${arn} differs from ${former} in more than its images`);
    const owners = before.tags.filter(({ key }) => !key.startsWith("repull:"));
    if (!owners.every((tag) => now.tags.some(({ key, value }) => key === tag.key && value === tag.value)))
      violate("nothing-lost", `a tag of ${former} is not on ${arn}`);
  };

  const noteRollback = (resource: string, { deploymentId }: JsonObject): void => {
    const name = resource.split("/").at(-1) ?? "";
    const service = world.cluster.services().find((one) => one.name === name);
    const back = service?.deployments.find(({ id }) => id === deploymentId);
    if (back !== undefined)
      foreign.push({ service: name, deployment: back.id, revision: back.taskDefinition, byEcs: true });
  };

  const formerOf = (registrable: JsonObject): string | undefined => {
    const tags = (registrable.tags ?? []) as readonly { key: string; value: string }[];
    const name = tags.find(({ key }) => key === "repull:former")?.value;
    const described = name === undefined ? undefined : world.definitions.describe(name);
    return described === undefined ? undefined : String(described.taskDefinition.taskDefinitionArn);
  };

  return {
    violations,
    foreign,
    told: (deployment: string) => void told.add(deployment),
    wasTold: (deployment: string) => told.has(deployment),
    story,
    note,
    watchEffects,
    watchAnswers,
    meant,
    meantNow,
    /** Other bytes stand under the tag from now on. */
    tagMoved(image: string) {
      const digests = formerly.get(image) ?? new Set();
      formerly.set(image, digests);
      for (const digest of meantNow(image)) digests.add(digest);
    },
    held: () => ledger.held(),
    ownersImage,
    isOurs: (revision: string) => ours.has(revision),
    startedBy: (deployment: string) => started.get(deployment),
    wasShown: (deployment: string) => shown.has(deployment),
    races: () => races,
    forgiveCopy() {
      copiesForgiven += 1;
    },
    tell,
    violate,
    stepBegins: (execution: string) => viewOf(execution).seen.clear(),
    stepEnded(execution: string) {
      for (const id of viewOf(execution).seen) shown.add(id);
    },
    /** A survey has ended: this is the deployment that may be replaced. */
    surveyed(execution: string, deploymentId: string | undefined) {
      const view = viewOf(execution);
      if (deploymentId === undefined) delete view.surveyed;
      else view.surveyed = deploymentId;
    },
    /** Looks at what has happened in the world since the last look. */
    look() {
      for (; looked < world.bus.published.length; looked += 1) {
        const document = world.bus.published[looked];
        if (document?.source !== "aws.ecs") continue;
        const detail = document.detail as JsonObject;
        if (/: rolling back/.test(String(detail.reason))) noteRollback(String(document.resources), detail);
        if (detail.lastStatus !== "RUNNING") continue;
        const revision = String(detail.taskDefinitionArn);
        if (!ours.has(revision)) continue;
        for (const container of detail.containers as readonly JsonObject[]) {
          const owners = ownersImage(revision, String(container.name));
          if (container.image !== owners && !meant(owners).has(String(container.imageDigest)))
            violate("same-bytes", `a task of ${revision} runs ${container.image} in place of ${owners}`);
        }
      }
    },
  };
}

const WRITTEN_BY_ECS = ["taskDefinitionArn", "revision", "registeredAt", "status", "deregisteredAt"];

function essence(definition: JsonObject): Json {
  const kept = Object.entries(definition).filter(([member]) => !WRITTEN_BY_ECS.includes(member));
  return {
    ...Object.fromEntries(kept),
    containerDefinitions: (definition.containerDefinitions as readonly JsonObject[]).map(
      // Another registry's credentials go with the image.
      ({ image: _image, repositoryCredentials: _credentials, ...container }) => container,
    ),
  };
}
