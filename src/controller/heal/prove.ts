/**
 * Proves what a stuck pod may run instead: once for all pods that wait for the same image and mean the same bytes.
 *
 * What the pods of its own revision have pulled is believed first, then what the index has proved lately, then the registry
 * itself, within the budget. The places are asked anew: that a copy was there an hour ago proves nothing.
 */

import { assessImage, type ImageAssessment } from "../../assessment/assess-image.ts";
import type { AskedImage } from "../../assessment/environment.ts";
import { EXPECTED_LIMIT } from "../../assessment/offers.ts";
import { oneRound } from "../../assessment/one-round.ts";
import { PortError } from "../../assessment/ports.ts";
import { canonicalName, parseReference, pinToDigest } from "../../image/reference.ts";
import { DOCKER_HUB_HOST } from "../../image/registry-hosts.ts";
import type { HealProof, NeededCopy } from "../../kubernetes/heal/decide-heal.ts";
import type { StuckContainer } from "../../kubernetes/heal/stuck-pods.ts";
import type { IndexRow } from "../../kubernetes/image-index.ts";
import { isPassing } from "../../kubernetes/index/row-codes.ts";
import { isGood, rowOf, usableIn } from "../../kubernetes/index/row-of.ts";
import { platformsOfNodes } from "../../kubernetes/workloads/platforms-of-nodes.ts";
import { type PodTestimony, testimonyOfRevision } from "../../kubernetes/workloads/trusted-by-pods.ts";
import { mirrorRequestOf } from "../../remediation/mirror/request-mirrors.ts";
import { candidateKey } from "../../substitution/candidate.ts";
import type { Policy } from "../../substitution/policy/policy.ts";
import { type ClusterEnvironment, policyForPods } from "../assess-images.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { HeadLedger } from "../head-ledger.ts";

export type ProvePorts = {
  readonly view: Pick<ClusterView, "pods" | "nodes">;
  readonly environment: () => Promise<ClusterEnvironment>;
  readonly ledger: HeadLedger;
  readonly rows: () => ReadonlyMap<string, IndexRow>;
  readonly policy: () => Policy;
  readonly allowed: (image: string) => boolean;
  /** Whether images may be copied into the account's ECR. */
  readonly copies: boolean;
};

export type Prover = {
  prove(stuck: StuckContainer): Promise<HealProof>;
  /** The next question of this image is asked anew. */
  forget(image: string): void;
};

const TIME = { all: 30, otherRegistries: 25, head: 5, get: 10 };
/** One storm is one proof; the next one is asked anew. */
const REMEMBERED_MS = 300_000;
const PASSING_MS = 30_000;
const REMEMBERED_MAX = 1_000;

type Known = { readonly proof: Promise<HealProof>; readonly image: string; until: number };

export function createProver(ports: ProvePorts): Prover {
  const known = new Map<string, Known>();
  const prove = async (stuck: StuckContainer): Promise<HealProof> => {
    const { written } = stuck.container;
    const { clock } = await ports.environment();
    const siblings = [...ports.view.pods.values()].filter(({ revision }) => revision === stuck.pod.revision);
    const testimony = testimonyOfRevision(siblings, written);
    const named = stuck.kind === "limit" ? (stuck.failure.manifests ?? []) : [];
    const key = JSON.stringify([
      written,
      testimony,
      named,
      stuck.kind === "limit" ? [stuck.failure.kind, stuck.failure.registry] : [],
      ports.policy(),
    ]);
    const now = clock.now();
    const before = known.get(key);
    if (before !== undefined && now < before.until) return await before.proof;
    if (known.size >= REMEMBERED_MAX) known.clear();
    const asked: Known = {
      proof: proofOf(stuck, testimony, ports),
      image: written,
      until: now + REMEMBERED_MS,
    };
    known.set(key, asked);
    try {
      const proof = await asked.proof;
      if (proof.isPassing) asked.until = clock.now() + PASSING_MS;
      return proof;
    } catch (error) {
      known.delete(key);
      throw error;
    }
  };
  return {
    prove,
    forget(image) {
      for (const [key, one] of known) if (one.image === image) known.delete(key);
    },
  };
}

async function proofOf(
  stuck: StuckContainer,
  testimony: PodTestimony,
  ports: ProvePorts,
): Promise<HealProof> {
  if (testimony.kind === "unknown") return { usable: [], codes: ["trust-unreadable"], isPassing: false };
  const base = await ports.environment();
  const { clock } = base;
  const { failure } = stuck;
  const isLimit = stuck.kind === "limit";
  const platforms = platformsOfNodes(ports.view.nodes.values());
  const round = oneRound(
    {
      ...base,
      registries: ports.ledger.within(base.registries),
      policy: policyForPods(ports.policy(), ports.copies),
      platforms,
      limit: isLimit ? failure : EXPECTED_LIMIT,
      again: "nothing",
    },
    { time: TIME, mayAskLimited: () => ports.ledger.left().left > 0 },
  );
  try {
    const assessment = await assessImage(askedFor(stuck, testimony, ports, clock.now()), round);
    const usable = usableIn(assessment).filter(({ use }) => ports.allowed(use));
    const { trusted } = assessment.facts;
    const { codes = [] } = rowOf(assessment, {
      now: clock.now(),
      proofMaxAgeMs: 0,
      platforms,
      pullable: () => true,
      allowed: ports.allowed,
    });
    return {
      usable,
      copies: ports.copies ? copiesIn(assessment, ports.allowed) : [],
      ...(trusted === undefined
        ? {}
        : {
            trusted: {
              digest: trusted.digest,
              from: trusted.from,
              askedAt: trusted.askedAt ?? new Date(clock.now()).toISOString(),
            },
          }),
      codes,
      isPassing: usable.length === 0 && codes.some(isPassing),
    };
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    return { usable: [], codes: ["unreachable"], isPassing: true };
  }
}

/** What pods could use once it has been brought into ECR. */
function copiesIn({ candidates }: ImageAssessment, allowed: ProvePorts["allowed"]): readonly NeededCopy[] {
  return candidates.flatMap((one): NeededCopy[] => {
    if (!("substitute" in one)) return [];
    const request = mirrorRequestOf(one);
    if (request === undefined) return [];
    const { target, digest } = request;
    const use = canonicalName(pinToDigest(parseReference(target), digest));
    if (!allowed(use)) return [];
    return [{ key: candidateKey(one.candidate), use, proof: one.substitute.proof, request }];
  });
}

function askedFor(
  { container, failure, kind }: StuckContainer,
  testimony: PodTestimony,
  { rows }: Pick<ProvePorts, "rows">,
  now: number,
): AskedImage {
  const image = container.written;
  const reference = parseReference(image);
  const isLimit = kind === "limit";
  const base: AskedImage = {
    image,
    reference,
    // The words of the limit were Docker Hub's own, under whichever name.
    isDockerHub: isLimit && failure.registry === DOCKER_HUB_HOST,
    namedManifests: isLimit ? (failure.manifests ?? []) : [],
  };
  if (reference.digest !== undefined) return base;
  const askedAt = new Date(now).toISOString();
  if (testimony.kind === "digest")
    return { ...base, trusted: { digest: testimony.digest, from: "pod", askedAt } };
  const row = rows().get(image);
  if (row?.trusted === undefined || row.use === undefined || !isGood(row, now)) return base;
  const from = row.trusted.from === "pod" ? "pod" : "origin";
  return { ...base, trusted: { digest: row.trusted.digest, from, askedAt: row.askedAt } };
}
