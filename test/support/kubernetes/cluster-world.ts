/** A cluster in a world: pods, kubelets that pull from its registries with their quotas, and controllers that heal them. */

import type { ClusterPort } from "../../../src/cluster/cluster-port.ts";
import { createCopies } from "../../../src/controller/copies/copies.ts";
import { executionsHere } from "../../../src/controller/copies/executions-here.ts";
import type { RefreshTarget } from "../../../src/controller/copies/refresh-copies.ts";
import { type ControllerPorts, createController } from "../../../src/controller/create-controller.ts";
import { runController } from "../../../src/controller/run-controller.ts";
import { ecrHost } from "../../../src/image/ecr-hosts.ts";
import { canonicalName, parseReference, pinToDigest } from "../../../src/image/reference.ts";
import type { ContainerStatus, Pod } from "../../../src/kubernetes/objects/objects.ts";
import { mirror } from "../../../src/remediation/mirror/mirror-workflow.ts";
import type { Ports } from "../../../src/remediation/ports/ports.ts";
import { type Outcome, outcomeSchema } from "../../../src/remediation/report/outcome.ts";
import { runInProcess } from "../../../src/runtime/in-process-steps.ts";
import { silentLog } from "../../../src/runtime/log.ts";
import { runKubelets } from "../../../src/sandbox/kubernetes/kubelet.ts";
import { createSandboxCluster } from "../../../src/sandbox/kubernetes/sandbox-cluster.ts";
import { createWorld, type World } from "../../../src/sandbox/world/world.ts";
import { readWorldFile } from "../../../src/sandbox/world/world-file.ts";
import type { Policy } from "../../../src/substitution/policy/policy.ts";
import { imagesIn } from "../image-store.ts";
import { readPolicy, type SaidPolicy } from "../policy.ts";
import { node } from "./cluster-objects.ts";

export type ClusterWorldGiven = {
  /** A world file's registries, and more of it. */
  readonly registries: object;
  readonly more?: object;
  readonly policy?: SaidPolicy;
  /** Nodes that may not pull from ECR. */
  readonly withoutRights?: readonly string[];
  readonly nodes?: readonly string[];
  /** Gets each container that a node starts. */
  readonly onStart?: (pod: Pod, container: string, digest: string) => void;
};

export type ControllerGiven = {
  readonly identity?: string;
  readonly mode?: "observe" | "remediate";
  /** Who copies: this process, or the world's `mirror` function. */
  readonly copies?: "none" | "in-pod" | "stack";
  readonly copier?: Ports["copier"];
  readonly allowedRegistries?: readonly string[];
  /** A cluster that another one sees otherwise: cut off, for example. */
  readonly cluster?: ClusterPort;
  readonly clock?: ControllerPorts["clock"];
  /** The account's part of a refresh of copies; absent: copies are not refreshed. */
  readonly refresh?: Partial<RefreshTarget>;
};

export type RunningController = {
  readonly outcomes: Outcome[];
  readonly parts: ReturnType<typeof createController>;
  /** Ends it as a process ends: nothing of it goes on, and the Lease stays. */
  kill(): void;
  stop(): void;
};

export async function clusterWorld(given: ClusterWorldGiven) {
  const world = await createWorld(readWorldFile({ registries: given.registries, ...given.more }));
  const cluster = createSandboxCluster();
  for (const name of given.nodes ?? ["a"]) cluster.put("nodes", node(name));
  for (const name of ["repull", "shop", "kube-system"]) cluster.put("namespaces", { metadata: { name } });
  const allow = (data: Readonly<Record<string, string>> = { writes: "allowed" }) =>
    cluster.put("configmaps", { metadata: { namespace: "repull", name: "repull-writes" }, data } as never);
  allow();
  const ended = new AbortController();
  const ecr = ecrHost(world.home.account, world.home.region);
  world.clock.schedule(world.clock.now(), () =>
    runKubelets(
      {
        cluster,
        clock: world.clock,
        send: world.internet.from(world.addresses.tasks),
        credentialsFor: (name, { host }) =>
          host === ecr && !given.withoutRights?.includes(name)
            ? { user: "AWS", password: world.registries.ecr.issuePassword().password }
            : undefined,
        ...(given.onStart === undefined ? {} : { onStart: given.onStart }),
      },
      ended.signal,
    ),
  );
  let policy = readPolicy({
    kubernetes: { reachableRegistries: ["public.ecr.aws", ecr], requestsPerHour: 600 },
    ...given.policy,
  } as SaidPolicy);

  const controller = (said: ControllerGiven = {}): RunningController => {
    const { identity = "one", mode = "remediate", copies = "none" } = said;
    const stop = new AbortController();
    const outcomes: Outcome[] = [];
    const { registries, ecr: reads, location, changeCalendar } = world.ports;
    const ports: ControllerPorts = {
      cluster: said.cluster ?? cluster,
      environment: async () => ({
        registries,
        clock: world.clock,
        account: { location, ecr: reads, rules: await reads.pullThroughRules() },
      }),
      publish: async (outcome) => {
        outcomes.push(outcomeSchema.parse(outcome));
        await world.ports.bus.publish(JSON.parse(JSON.stringify(outcome)));
      },
      changeCalendar,
      ...(copies === "none" ? {} : { copiesWith: copiesOf(copies, said, world, () => policy) }),
      ...(copies === "stack" ? { quotaStore: world.ports.quotaStore } : {}),
      ...(said.refresh === undefined
        ? {}
        : {
            refresh: {
              host: ecr,
              images: async (repository) => imagesIn(world.registries.ecr, repository),
              leftTo: async () => ({}),
              publish: async () => {},
              ...said.refresh,
            },
          }),
      clock: said.clock ?? world.clock,
      log: silentLog,
    };
    const settings = {
      namespace: "repull",
      mode,
      identity,
      policy: () => policy,
      allowedRegistries: said.allowedRegistries,
    };
    const parts = createController(ports, settings, stop.signal);
    world.clock.schedule(world.clock.now(), () => runController(parts, stop.signal));
    return {
      outcomes,
      parts,
      stop: () => stop.abort(),
      kill() {
        // It cannot free the Lease any more.
        Object.assign(parts.leader, { resign: async () => {} });
        stop.abort();
      },
    };
  };

  return {
    world,
    cluster,
    policy,
    ecr,
    allow,
    controller,
    /** @param kubernetes taken as it is: shorter times than a document may say */
    setPolicy: (said: SaidPolicy, kubernetes: Partial<Policy["kubernetes"]> = {}) => {
      const read = readPolicy(said);
      policy = { ...read, kubernetes: { ...read.kubernetes, ...kubernetes } };
    },
    addPods: (pods: readonly Pod[]) => {
      for (const one of pods) cluster.put("pods", one);
    },
    images: () => cluster.all("pods").map(({ spec }) => spec.containers[0]?.image ?? ""),
    phases: () => cluster.all("pods").map(({ status }) => status?.phase ?? ""),
    waits: () =>
      cluster
        .all("pods")
        .map(
          ({ status }) => (status?.containerStatuses as ContainerStatus[] | undefined)?.[0]?.state?.waiting,
        ),
    reasons: () => [...new Set(cluster.all("events").map(({ reason }) => reason ?? ""))].toSorted(),
    end: () => ended.abort(),
  };
}

function copiesOf(
  by: "in-pod" | "stack",
  said: ControllerGiven,
  world: World,
  policy: () => ReturnType<typeof readPolicy>,
): NonNullable<ControllerPorts["copiesWith"]> {
  const { ports, clock } = world;
  const shared = { registries: ports.registries, clock, quotas: () => policy().quotas };
  if (by === "stack") {
    world.executions.serve("mirror", (input, steps) => mirror(input, ports, policy(), steps));
    return () => createCopies({ ...shared, executions: ports.executions });
  }
  return (quotaStore, mayBegin) => {
    const own = { ...ports, quotaStore, copier: said.copier ?? ports.copier };
    // A process of the world's clock: it waits for its own pauses.
    const copy = (request: unknown) =>
      new Promise<unknown>((resolve, reject) => {
        clock.schedule(clock.now(), () =>
          runInProcess((steps) => mirror(request, own, policy(), steps), { clock }).then(resolve, reject),
        );
      });
    return createCopies({ ...shared, executions: executionsHere(copy, clock, mayBegin) });
  };
}

/** The image as pods get it from its copy. */
export function copyOf(ecr: string, image: string, digest: string): string {
  const { host, path } = parseReference(image);
  return canonicalName(pinToDigest(parseReference(`${ecr}/repull/${host}/${path}`), digest as never));
}
