/** A world for assessments: registries and an account's ECR in memory, without tasks, pods or files. */

import { assessImage, type ImageAssessment } from "../../src/assessment/assess-image.ts";
import type { Account, AskedImage, Environment } from "../../src/assessment/environment.ts";
import { EXPECTED_LIMIT } from "../../src/assessment/offers.ts";
import { oneRound, type Round } from "../../src/assessment/one-round.ts";
import type { EcrReads } from "../../src/assessment/ports.ts";
import type { Digest } from "../../src/image/digest.ts";
import { parsePlatform } from "../../src/image/platform.ts";
import { type ImageReference, parseReference } from "../../src/image/reference.ts";
import { createRegistries } from "../../src/oci/client/registries.ts";
import { createInternet } from "../../src/sandbox/network.ts";
import { type BuiltImage, buildImage, seedImage } from "../../src/sandbox/registry/image-builder.ts";
import { createRegistry } from "../../src/sandbox/registry/registry.ts";
import { createVirtualClock, type VirtualClock } from "../../src/sandbox/virtual-clock.ts";
import { readPolicy } from "./policy.ts";

export const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
export const PLATFORMS = ["linux/amd64", "linux/arm64"];
/** What the origin has under the tag; `moved`: what it had before. */
export const NGINX = buildImage({ name: "nginx", platforms: PLATFORMS, layers: 1 });
export const MOVED = buildImage({ name: "nginx of yesterday", platforms: PLATFORMS, layers: 1 });
export const AMD64 = NGINX.manifests[0]?.digest as Digest;

/** Which image is where: `docker.io/library/nginx:1.25` → an image. */
export type Holds = Readonly<Record<string, BuiltImage>>;

export const COPY = `${ECR}/repull/docker.io/library/nginx:1.25`;
export const TWIN = "public.ecr.aws/docker/library/nginx:1.25";
export const ORIGIN = "docker.io/library/nginx:1.25";

export type Given = Round & {
  readonly image?: string;
  readonly asked?: Partial<AskedImage>;
  readonly holds?: Holds;
  readonly policy?: object;
  readonly environment?: Partial<Environment>;
  /** No AWS account is at hand. */
  readonly noAccount?: true;
  readonly ecr?: Partial<EcrReads>;
  /** Hosts that drop packets. */
  readonly silent?: readonly string[];
  /** Hosts that the policy lets be asked; absent: all. */
  readonly allowed?: readonly string[];
  /** Gets each HEAD of a manifest. */
  readonly onHead?: (reference: ImageReference) => void;
  /** How many assessments of the same image the round has. */
  readonly times?: number;
};

export type Assessed = {
  readonly assessment: ImageAssessment;
  /** What Docker Hub was asked, by kind, tokens aside. */
  readonly hub: Readonly<Record<string, number>>;
  readonly seconds: number;
};

const SERVERS: Readonly<Record<string, string>> = { "docker.io": "registry-1.docker.io" };
const KINDS = {
  "docker.io": "docker-hub",
  "public.ecr.aws": "ecr-public",
  [ECR]: "plain",
  "quay.io": "plain",
} as const;

/** Registries that hold images, as one who asks sees them. */
export function registriesWith({
  holds = { [ORIGIN]: NGINX },
  silent = [],
  allowed,
}: Pick<Given, "holds" | "silent" | "allowed">) {
  const clock = createVirtualClock(Date.parse("2026-01-20T10:00:00Z"));
  const servers = Object.entries(KINDS).map(([host, kind]) => {
    const registry = createRegistry({ kind, host: SERVERS[host] ?? host, clock });
    for (const [name, built] of Object.entries(holds)) {
      const { host: at, path, tag = "latest" } = parseReference(name);
      if (at === host) seedImage(registry, path, tag, built);
    }
    return { host, registry };
  });
  const internet = createInternet(
    servers.map(({ registry }) => registry),
    clock,
  );
  for (const { host, registry } of servers) if (silent.includes(host)) internet.silence(registry);
  const rules = allowed === undefined ? {} : { rules: { allowed, mayReachPrivate: false } };
  const registries = createRegistries({ send: internet.from("203.0.113.1"), clock, timer: clock, ...rules });
  /** What Docker Hub was asked, by kind, tokens aside. */
  const hub = (): Readonly<Record<string, number>> => {
    const { token: _, ping: __, ...asked } = servers[0]?.registry.requests() ?? {};
    return asked;
  };
  return { clock, registries, hub, dockerHub: servers[0]?.registry };
}

/** Assesses an image in a world of its own. What it throws comes out. */
export async function assessed(given: Given): Promise<Assessed> {
  const { image = "nginx:1.25", times = 1 } = given;
  const { clock, registries, hub } = registriesWith(given);
  const environment = oneRound(
    {
      policy: readPolicy(given.policy ?? {}),
      platforms: { kind: "known", platforms: [parsePlatform("linux/amd64")] },
      limit: EXPECTED_LIMIT,
      registries: {
        ...registries,
        headManifest: (reference, signal) => {
          given.onHead?.(reference);
          return registries.headManifest(reference, signal);
        },
      },
      clock,
      ...(given.noAccount ? {} : { account: accountWith(given.ecr) }),
      ...given.environment,
    },
    given,
  );
  const asked = { image, reference: parseReference(image), ...given.asked };
  const began = clock.now();
  const all = await within(clock, () =>
    Promise.all(Array.from({ length: times }, () => assessImage(asked, environment))),
  );
  return { assessment: all[0] as ImageAssessment, hub: hub(), seconds: (clock.now() - began) / 1000 };
}

/** Runs something in the time of this clock, until it has ended. */
export async function within<T>(clock: VirtualClock, run: () => Promise<T>): Promise<T> {
  let ended: Promise<T> | undefined;
  let isOver = false;
  clock.schedule(clock.now(), async () => {
    ended = run();
    await ended.catch(() => {});
    isOver = true;
  });
  await clock.advanceUntil(() => isOver, clock.now() + 24 * 3_600_000);
  if (ended === undefined) throw new Error("it did not begin");
  return await ended;
}

/** An account whose ECR is in order. */
export function accountWith(changed: Partial<EcrReads> = {}): Account {
  const ecr: EcrReads = {
    imageStatus: async () => "active",
    pullThroughRules: async () => [],
    validateRule: async () => ({ isValid: true, because: "ECR says that it works" }),
    missingLayers: async () => [],
    ...changed,
  };
  return { location: { account: "123456789012", region: "us-east-1" }, ecr, rules: [] };
}

/** `task sha256:…`: which witness was believed, and what it said; else the code. */
export function trustOf({ facts }: ImageAssessment): string {
  const { trusted, untrusted } = facts;
  if (untrusted !== undefined) return [untrusted.code, untrusted.unanswered ?? []].flat().join(" ");
  const names = new Map([
    [NGINX.digest, "now"],
    [MOVED.digest, "before"],
    [AMD64, "one platform"],
  ]);
  return trusted === undefined
    ? "nothing"
    : `${trusted.from}: ${names.get(trusted.digest) ?? trusted.digest}`;
}

/** What is said of the first candidate of a place: its proof, or the code of its rejection. */
export function verdictOn({ candidates }: ImageAssessment, strategy: string, host = ""): string {
  const found = candidates.find(
    ({ candidate }) =>
      candidate.strategy === strategy && (candidate.source ?? candidate.image).startsWith(host),
  );
  if (found === undefined) return "not offered";
  return "substitute" in found ? found.substitute.proof : found.rejection.code;
}

/** Where the plan would have it pulled from, and by which proof; else why there is no substitute. */
export function planned({ plan }: ImageAssessment): string {
  const substitute = plan.images[0]?.substitute;
  if (plan.kind === "no-substitute" || substitute === undefined)
    return plan.kind === "no-substitute" ? plan.code : "nothing";
  return `${substitute.candidate.strategy} ${substitute.proof}`;
}
