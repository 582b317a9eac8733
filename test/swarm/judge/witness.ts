/**
 * Sees every effect of the product at the moment at which it happens, and knows what must never be.
 *
 * It watches below the injected faults: what it sees is true. What it looks for is written from the promises to the
 * operator, not from the product's code; it shares nothing with the planner.
 */

import { isDeepStrictEqual } from "node:util";
import type { Service } from "../../../src/ecs/service/service.ts";
import type { Ports } from "../../../src/remediation/ports/ports.ts";
import type { Json, JsonObject } from "../../../src/runtime/json.ts";
import type { LogFields } from "../../../src/runtime/log.ts";
import type { DeploymentRecord, ServiceRecord } from "../../../src/sandbox/ecs/state.ts";
import type { World } from "../../../src/sandbox/world/world.ts";
import { DEFAULT_POLICY, type Policy } from "../../../src/substitution/policy/policy.ts";
import { SECRET } from "../world/random-service.ts";
import { createSubstitutes } from "../world/substitutes.ts";
import { createLedger } from "./ledger.ts";
import { containersOf, createMeanings, hostOf } from "./meanings.ts";
import { type Invariant, Violation } from "./violation.ts";

/** Of one execution: a survey, three candidates, a rollback, and each answer may be lost while what it made cannot be read yet. */
const REVISIONS_MAX = 8;
const REDEPLOYMENTS_MAX = 8;
/** Of one service over one revision, by whatever executions: in a day and a half, or in the four that a capped world has. */
const REVISIONS_OF_INCIDENT_MAX = 14;
const REVISIONS_OF_DAYS_MAX = 40;

/** What an execution has last read about the service, whether true or not. */
type View = {
  deployment?: string;
  surveyed?: string;
  /** It has read that all of it runs, and nothing is under way. */
  whole?: boolean;
  /** In the step that is under way: a process that dies here knows nothing of it. */
  readonly seen: Set<string>;
};

/** A revision of ours: who registered it, what it was made of, and what each of its containers may run. */
type Ours = {
  readonly execution: string;
  readonly former: string;
  /** Some image in it is not the source's own reference: else it is a rollback. */
  readonly isSubstitute: boolean;
  readonly allowed: ReadonlyMap<string, ReadonlySet<string>>;
};

/** A deployment that is not ours: of a person, a pipeline, or ECS itself. */
export type Foreign = {
  /** Its ARN: several clusters may have a service of one name. */
  readonly service: string;
  readonly deployment: string;
  readonly revision: string;
  readonly byEcs?: true;
};

export type Witness = ReturnType<typeof createWitness>;

/** @param isNumbered a deployment's id names the service revision that it brought */
export function createWitness(world: World, policy: Policy, isNumbered = true) {
  const violations: Violation[] = [];
  const views = new Map<string, View>();
  const ours = new Map<string, Ours>();
  /** Foreign revisions that look like ours. */
  const forged = new Set<string>();
  /** Deployment → the execution that started it. */
  const started = new Map<string, string>();
  const registered = new Map<string, number>();
  const redeployed = new Map<string, number>();
  const incidents = new Map<string, number>();
  const copies = new Map<string, number>();
  /** Every deployment that an answer of ECS has shown to the product. */
  const shown = new Set<string>();
  /** In the order of time. */
  const foreign: Foreign[] = [];
  /** Deployments whose failure was reported to be due to Docker Hub's limit. */
  const told = new Set<string>();
  /** Outcomes that were logged. */
  const logged: JsonObject[] = [];
  /** Execution → what ECS had pinned for its failing deployment when it began. */
  const pinsAtStart = new Map<string, ReadonlyMap<string, string>>();
  /** Service → how many of its tasks ran before we first wrote to it. */
  const ranBefore = new Map<string, number>();
  const isCapped = policy.quotas.remediationsPerHour < DEFAULT_POLICY.quotas.remediationsPerHour;
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
  const meanings = createMeanings(world);
  meanings.look();
  const imageIn = (arn: string, name: string): string =>
    String(containersOf(world, arn).find((container) => container.name === name)?.image);
  /** The image in the source of this container, however many revisions of ours lie between. */
  const sourceImage = (arn: string, name: string): string => {
    const made = ours.get(arn);
    return made === undefined ? imageIn(arn, name) : sourceImage(made.former, name);
  };
  const ledger = createLedger(policy, violate, note);
  const substitutes = createSubstitutes((what) => violate("bounded", what));

  const tell = (execution: string, text: unknown, where: string): void => {
    const told = typeof text === "string" ? text : JSON.stringify(text);
    if (told?.includes(SECRET) || /dckr_jti_[A-Za-z0-9_-]{8}/.test(told ?? ""))
      violate("no-secret", `${where} of ${execution}`);
  };
  const inputOf = (execution: string): JsonObject => {
    const record = world.executions.records.find(({ name }) => name === execution);
    return ((record?.input as JsonObject | undefined)?.detail ?? {}) as JsonObject;
  };
  const failingDeployment = (execution: string): string => String(inputOf(execution).startedBy);

  /** The revision of which this one is a copy of ours: a rollback to what is INACTIVE. */
  const original = (revision: string): string => {
    const made = ours.get(revision);
    return made === undefined || made.isSubstitute ? revision : original(made.former);
  };

  /**
   * A revision of ours has fixed nothing for this container: it kept the source's reference, ECS had pinned no digest for
   * it, and the outcome says that none could be found. The next execution finds what ECS would: the tag as it is then.
   */
  const isUndecided = (revision: string, name: string): boolean => {
    const execution = ours.get(revision)?.execution ?? "";
    const isTrusted = logged.some(
      (one) =>
        one.execution === execution &&
        ((one.images ?? []) as readonly JsonObject[]).some(
          ({ containers, trusted }) =>
            (containers as readonly string[]).includes(name) && trusted !== undefined,
        ),
    );
    const isPinned = pinsAtStart.get(execution)?.has(name) === true;
    return imageIn(revision, name) === sourceImage(revision, name) && !isPinned && !isTrusted;
  };

  /** What may replace a container of the failing revision: what its deployment pinned; else what its tag has ever meant. */
  const allowed = (execution: string, former: string, name: string): ReadonlySet<string> => {
    const host = hostOf(world.definitions.describe(former)?.taskDefinition ?? {});
    const words = imageIn(former, name);
    const source = sourceImage(former, name);
    const digest = words.split("@")[1];
    if (digest !== undefined) return meanings.fitting(source, digest, host);
    const failing = failingDeployment(execution);
    const pinned = pinsAtStart.get(execution)?.get(name);
    // What we ourselves put back means what was trusted when we replaced it.
    const before = [...ours].find(
      ([, made]) =>
        made.isSubstitute &&
        original(made.former) === original(former) &&
        made.execution === started.get(failing),
    );
    const trusted = before?.[1].allowed.get(name);
    if (before !== undefined && trusted !== undefined && !isUndecided(before[0], name)) return trusted;
    return pinned === undefined ? meanings.ever(source, host) : meanings.fitting(source, pinned, host);
  };

  const isOff = (service: ServiceRecord): boolean =>
    service.tags.repull === "off" || world.cluster.clusterTags(service.cluster.name).repull === "off";
  const serviceFailing = (execution: string): ServiceRecord | undefined => {
    const { clusterArn, group } = inputOf(execution);
    return world.cluster.service(String(clusterArn), String(group).replace(/^service:/, ""));
  };

  const watchLog =
    (execution: string) =>
    (message: string, ...fields: LogFields[]): void => {
      tell(execution, [message, fields], "a log line");
      for (const line of fields)
        if ("outcome" in line && "execution" in line) logged.push(line as unknown as JsonObject);
    };

  /** The world's own ports, with eyes: what passes here has happened. */
  const watchEffects = (ports: Ports, execution: string): Ports => ({
    ...ports,
    log: {
      debug: watchLog(execution),
      info: watchLog(execution),
      warn: watchLog(execution),
      error: watchLog(execution),
    },
    ecs: {
      ...ports.ecs,
      async registerTaskDefinition(registrable) {
        ledger.registers(execution);
        const arn = await ports.ecs.registerTaskDefinition(registrable);
        const former = formerOf(registrable) ?? "";
        const containers = containersOf(world, arn).map(({ name }) => String(name));
        const each = new Map(containers.map((name) => [name, allowed(execution, former, name)]));
        ours.set(arn, { execution, former, allowed: each, isSubstitute: false });
        const isSubstitute = containers.some((name) => imageIn(arn, name) !== sourceImage(arn, name));
        ours.set(arn, { execution, former, allowed: each, isSubstitute });
        note(`${execution} registers ${arn} for ${former}`);
        count(registered, execution, REVISIONS_MAX, "revisions of one execution");
        const service = serviceFailing(execution);
        count(incidents, `${former} of ${service?.arn}`, revisionsMax, "revisions for one failing revision");
        if (service !== undefined && isOff(service))
          violate("opted-out", `${execution} registers a revision for ${service.arn}`);
        const maker = ours.get(former)?.execution;
        if (
          maker !== undefined &&
          maker.replace(/-\d+$/, "") !== execution.replace(/-\d+$/, "") &&
          isAtWork(maker)
        )
          violate("one-execution", `${execution} replaces ${former}, at which ${maker} is still at work`);
        compare(arn, former);
        tell(execution, world.definitions.describe(arn)?.tags ?? [], "the tags of a revision");
        for (const name of containers) {
          const [image, source] = [imageIn(arn, name), sourceImage(arn, name)];
          if (image !== source && each.get(name)?.has(image.split("@")[1] ?? "") !== true)
            violate("same-bytes", `${arn} has ${image} in place of ${source}`);
        }
        return arn;
      },
      async rollBackDeployment(arn) {
        if (started.get(arn.replace(/^.*\//, "ecs-svc/")) !== execution)
          violate("not-overwritten", `${execution} has ECS take back ${arn}, which it did not start`);
        note(`${execution} has ECS take back ${arn}`);
        return await ports.ecs.rollBackDeployment(arn);
      },
      async updateService(cluster, name, revision) {
        const service = world.cluster.service(cluster, name);
        const [primary] = service?.deployments ?? [];
        const view = viewOf(execution);
        // The deployment that fails is the one that is to be replaced, whatever an answer of the past has said.
        const isKnown = primary?.id === view.surveyed || primary?.id === failingDeployment(execution);
        if (primary !== undefined && !isKnown && !isOwnOrItsHeal(primary, service, execution)) {
          if (view.deployment === primary.id)
            violate(
              "not-overwritten",
              `${execution} replaced ${primary.id} of ${name}, and knew that it was there`,
            );
          else races += 1;
        }
        if (service !== undefined) writes(execution, service, revision, view);
        const answer = await ports.ecs.updateService(cluster, name, revision);
        const [now] = service?.deployments ?? [];
        meanings.look();
        if (now !== undefined && now.id !== primary?.id) started.set(now.id, execution);
        note(`${execution} updates ${cluster}/${name} to ${revision}: ${now?.id}, after ${primary?.id}`);
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
    quotaStore: ledger.watchClaims(ports.quotaStore),
    tasks: {
      ...ports.tasks,
      async run(request) {
        if (forged.has(String(request.taskDefinition)))
          violate("adopted", `${execution} runs ${request.taskDefinition}`);
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
          // An index that names no platform is copied whole, for each platform that a task needs.
          const platforms = JSON.stringify(request.platforms ?? []);
          count(copies, `${key} ${platforms}`, 1 + copiesForgiven, "copies of one image", "copied-once");
        }
        return result;
      },
    },
  });

  /** Whether this execution started it, or another one did to heal what this one had deployed just before. */
  const isOwnOrItsHeal = (
    primary: DeploymentRecord,
    service: ServiceRecord | undefined,
    execution: string,
  ): boolean => {
    const starter = started.get(primary.id);
    if (starter === execution || starter === undefined) return starter === execution;
    const before = service?.serviceDeployments[1];
    const former = ours.get(primary.taskDefinition)?.former;
    return before !== undefined && started.get(before.id) === execution && before.taskDefinition === former;
  };

  /** What may be said of a redeployment before it is made. */
  const writes = (execution: string, service: ServiceRecord, revision: string, view: View): void => {
    const made = ours.get(revision);
    if (isOff(service)) violate("opted-out", `${execution} updates ${service.arn}`);
    if (!ranBefore.has(service.arn)) ranBefore.set(service.arn, runningOf(service));
    // A foreign deployment gets its place back, whatever is there.
    if (foreign.some((one) => one.service === service.arn && one.revision === revision)) return;
    if (view.whole === true)
      violate(
        "never-worse",
        `${execution} replaces a deployment of ${service.arn} that was told to be whole`,
      );
    if (made?.isSubstitute === false) return;
    if (made !== undefined) {
      substitutes.deployed(service.arn, made.former, execution, world.clock.now());
      return;
    }
    // A rollback leads to what the service has run before.
    if (!meanings.hasRun(service, revision))
      violate(
        "adopted",
        `${execution} has ${service.arn} run ${revision}, which is neither ours nor was its own`,
      );
  };

  /** What the product reads, above the injected faults. */
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
        view.whole = service !== undefined && isToldWhole(service);
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
    const existing = before.tags.filter(({ key }) => !key.startsWith("repull:"));
    if (!existing.every((tag) => now.tags.some(({ key, value }) => key === tag.key && value === tag.value)))
      violate("nothing-lost", `a tag of ${former} is not on ${arn}`);
  };

  const noteRollback = (resource: string, { deploymentId }: JsonObject): void => {
    const service = world.cluster.services().find(({ arn }) => arn === resource);
    const back = service?.deployments.find(({ id }) => id === deploymentId);
    if (back !== undefined)
      foreign.push({ service: resource, deployment: back.id, revision: back.taskDefinition, byEcs: true });
  };

  const formerOf = (registrable: JsonObject): string | undefined => {
    const tags = (registrable.tags ?? []) as readonly { key: string; value: string }[];
    const name = tags.find(({ key }) => key === "repull:previous-revision")?.value;
    const described = name === undefined ? undefined : world.definitions.describe(name);
    return described === undefined ? undefined : String(described.taskDefinition.taskDefinitionArn);
  };
  const isAtWork = (execution: string): boolean =>
    world.executions.records.some(({ name, status }) => name === execution && status === "running");
  return {
    violations,
    foreign,
    logged,
    meanings,
    substitutes,
    ranBefore,
    told: (deployment: string) => void told.add(deployment),
    wasTold: (deployment: string) => told.has(deployment),
    story,
    note,
    watchEffects,
    watchAnswers,
    /** What a container of a revision may run: of ours what was allowed, of a foreign one what is pinned or meant now. */
    wanted(service: ServiceRecord, name: string): ReadonlySet<string> {
      const revision = service.taskDefinition;
      const made = ours.get(revision)?.allowed.get(name);
      if (made !== undefined) return made;
      const image = imageIn(revision, name);
      const host = hostOf(world.definitions.describe(revision)?.taskDefinition ?? {});
      const pinned = meanings.pins(service.deployments[0]?.id ?? "").get(name);
      return pinned === undefined ? meanings.now(image, host) : meanings.fitting(image, pinned, host);
    },
    /** Whether ECS reports what a container of the service's deployment means. */
    isPinned(service: ServiceRecord, name: string): boolean {
      const isOurs = imageIn(service.taskDefinition, name).includes("@");
      return isOurs || meanings.pins(service.deployments[0]?.id ?? "").has(name);
    },
    /** ECS numbers revisions otherwise than deployments here, and two of one minute pinned different bytes. */
    isAmbiguous: (service: ServiceRecord): boolean => !isNumbered && meanings.isAmbiguous(service),
    /**
     * The service is back on a revision by our hand, and its tag was resolved anew, to other bytes than before. What was
     * meant is what was trusted first; what fails names the other: nothing may be written then.
     */
    isReinterpreted(service: ServiceRecord, name: string): boolean {
      const id = service.deployments[0]?.id ?? "";
      const earlier = started.has(id) ? meanings.earlierPins(id, name) : [];
      return new Set(earlier).size > 1;
    },
    /** An execution of ours has registered a substitute for the revision that the service is on. */
    isTriedBefore: (service: ServiceRecord): boolean =>
      [...ours.values()].some(({ former }) => former === service.taskDefinition),
    notifiedWindows: () => ledger.notifiedWindows(),
    sourceImage,
    isOurs: (revision: string) => ours.has(revision),
    isOff,
    forges: (revision: string) => void forged.add(revision),
    startedBy: (deployment: string) => started.get(deployment),
    wasShown: (deployment: string) => shown.has(deployment),
    races: () => races,
    forgiveCopy() {
      copiesForgiven += 1;
    },
    tell,
    violate,
    stepBegins(execution: string): void {
      viewOf(execution).seen.clear();
      if (!pinsAtStart.has(execution))
        pinsAtStart.set(execution, meanings.pins(failingDeployment(execution)));
    },
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
      meanings.look();
      for (; looked < world.bus.published.length; looked += 1) {
        const document = world.bus.published[looked];
        if (document?.source !== "aws.ecs") continue;
        const detail = document.detail as JsonObject;
        if (/: rolling back/.test(String(detail.reason))) noteRollback(String(document.resources), detail);
        if (detail.lastStatus !== "RUNNING") continue;
        const revision = String(detail.taskDefinitionArn);
        const made = ours.get(revision);
        if (forged.has(revision)) violate("adopted", `a task of ${revision} runs, which is foreign`);
        if (made === undefined) continue;
        for (const container of detail.containers as readonly JsonObject[]) {
          const name = String(container.name);
          const source = sourceImage(revision, name);
          if (
            container.image !== source &&
            made.allowed.get(name)?.has(String(container.imageDigest)) !== true
          )
            violate("same-bytes", `a task of ${revision} runs ${container.image} in place of ${source}`);
        }
      }
    },
  };
}

/** Tasks of it that run, whatever deployment they belong to. */
export function runningOf(service: ServiceRecord): number {
  return [...service.cluster.tasks.values()].filter(
    (task) => task.service === service && task.lastStatus === "RUNNING" && task.desiredStatus === "RUNNING",
  ).length;
}

/** One deployment, all of its tasks run, and nothing is under way, as far as the answer shows. */
function isToldWhole({ deployments, desiredCount, runningCount }: Service): boolean {
  const [only, ...others] = deployments;
  const isDone = only?.rolloutState === undefined || only.rolloutState === "COMPLETED";
  return others.length === 0 && isDone && desiredCount > 0 && runningCount >= desiredCount;
}

const WRITTEN_BY_ECS = [
  "taskDefinitionArn",
  "revision",
  "registeredAt",
  "registeredBy",
  "status",
  "deregisteredAt",
];

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
