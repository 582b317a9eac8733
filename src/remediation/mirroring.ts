/**
 * Has images brought into ECR by the `mirror` workflow, and waits until they are there.
 *
 * Fifty services that need one image start one copy, for its name is made of the image: whoever comes second waits
 * for the first. A copy that failed is tried again under the next name, a few times; one that was refused is not.
 */

import type { Digest } from "../image/digest.ts";
import { printPlatform } from "../image/platform.ts";
import { parseReference, pinned } from "../image/reference.ts";
import type { Json } from "../runtime/json.ts";
import { placeOf } from "../substitution/candidate.ts";
import type { ImagePlan } from "../substitution/planner.ts";
import { present } from "../workload/members.ts";
import { type CapLimits, type Held, heldInWords, stillHolds } from "./caps.ts";
import type { Course } from "./course.ts";
import { leastPause } from "./least-pause.ts";
import { mirrorName } from "./names.ts";
import type { ExecutionStatus, Ports } from "./ports.ts";

const ATTEMPTS_MAX = 3;
/** Names that earlier remediations have used up in vain are passed by: the world may have changed since. */
const NAMES_MAX = 40;
/** Most copies are done within two minutes. After that a look a minute, and from ten minutes on one in five. */
const LOOK_SECONDS_FIRST = [2, 4, 8, 16, 32] as const;
const LOOK_SECONDS = 60;
const LONG_SECONDS = 600;
const LOOK_SECONDS_OF_LONG = 300;
const WAIT_SECONDS_MAX = 2 * 3600;

/** A place whose image could not be brought into ECR, by `placeOf` its candidate. */
export type Refused = {
  readonly image: string;
  readonly place: string;
  readonly because: string;
  /** It was a cap of the owner's. */
  readonly held?: Held;
  /** It was the source's limit. */
  readonly limited?: true;
  /** The copy was not refused: it failed, and may succeed in a while. */
  readonly failed?: true;
};

/**
 * Brings each image into ECR whose plan says so, one after the other. Answers the first that could not be.
 *
 * @param made places that were brought there before and are wanted again: what is said to be done there is not believed
 */
export async function mirrorImages(
  images: readonly ImagePlan[],
  round: string,
  made: ReadonlySet<string>,
  course: Pick<Course, "ports" | "steps" | "options" | "progress">,
): Promise<Refused | undefined> {
  for (const [index, { image, winner }] of images.entries()) {
    if (winner?.digest === undefined) continue;
    const { candidate, copy, warm, digest } = winner;
    const request =
      copy !== undefined
        ? {
            kind: "copy" as const,
            source: copy.source,
            target: copy.target,
            digest,
            ...(copy.platforms === undefined ? {} : { platforms: copy.platforms.map(printPlatform) }),
            ...(copy.anonymous ? { anonymous: true } : {}),
          }
        : warm !== undefined
          ? {
              kind: "warm" as const,
              target: warm.target,
              digest,
              ...(warm.platforms === undefined ? {} : { platforms: warm.platforms.map(printPlatform) }),
            }
          : undefined;
    if (request === undefined) continue;
    const place = placeOf(candidate);
    const no = await mirrorOne(request, `${round}.${index + 1}`, made.has(place), course);
    if (no !== undefined) return { image, place, ...no };
    gotOn(course.progress, place);
  }
  return undefined;
}

type MirrorRequest = {
  readonly kind: "copy" | "warm";
  readonly target: string;
  readonly digest: Digest;
  readonly source?: string;
  readonly platforms?: readonly string[];
  readonly anonymous?: boolean;
};

/** An image was brought that was not there before: what waits for its next one does not wait in vain. */
function gotOn(progress: Course["progress"], place: string): void {
  if (progress.brought?.has(place)) return;
  progress.brought = new Set([...(progress.brought ?? []), place]);
  progress.heldSeconds = 0;
}

/** Why it could not be done; undefined: it is done. */
async function mirrorOne(
  request: MirrorRequest,
  label: string,
  again: boolean,
  course: Pick<Course, "ports" | "steps" | "options" | "progress">,
): Promise<Pick<Refused, "because" | "held" | "limited" | "failed"> | undefined> {
  const { ports, steps, options } = course;
  const { limits = async () => options.policy.caps } = options;
  const what = request.kind === "copy" ? "the copy" : "filling the cache";
  let because = `${what} was not started`;
  for (let attempt = 1, own = 0; attempt <= NAMES_MAX && own < ATTEMPTS_MAX; attempt++) {
    const name = mirrorName(
      ports.executions.functionName("mirror"),
      { ...request, source: `${request.source ?? request.kind}${request.anonymous ? " anonymously" : ""}` },
      attempt,
    );
    const begun = await steps.step(
      `mirror ${label} attempt ${attempt}`,
      () => begin(name, request, limits, ports),
      { attempts: 6 },
    );
    if (begun === "spent" || (begun === "done" && again)) continue;
    if (begun === "done") return undefined;
    if (typeof begun === "object") return { because: heldInWords(begun.held), held: begun.held };
    own += 1;
    const ended = await awaitExecution(name, `${label}.${attempt}`, course);
    if (ended.refused !== undefined)
      return {
        because: ended.refused,
        ...present("held", ended.held),
        ...present("limited", ended.limited),
      };
    if (ended.status === "succeeded") return undefined;
    if (ended.status === "unknown") {
      const proved = await steps.step(`proof ${label}.${attempt}`, () => isThere(request, ports), {
        attempts: 6,
      });
      if (proved) return undefined;
      // It may have met a limit: nothing is tried again in the dark.
      return { because: `${what} has ended, and how cannot be read: ${ended.because ?? "no reason given"}` };
    }
    const words = ended.status === "running" ? "is still running" : ended.status;
    because = `${what} ${words}${ended.because === undefined ? "" : ` (${ended.because})`}`;
    if (ended.status === "running") break;
  }
  return { because, failed: true };
}

/**
 * `done`, `spent`: an execution of this name has ended before we came, well or in vain. One that a cap has refused holds
 * for everybody: each that came to ask again would use up another name.
 */
async function begin(
  name: string,
  request: MirrorRequest,
  limits: () => Promise<CapLimits>,
  ports: Ports,
): Promise<"waiting" | "done" | "spent" | { readonly held: Held }> {
  const { executions, clock } = ports;
  if ((await executions.start("mirror", name, request as unknown as Json)) === "started") return "waiting";
  const found = await executions.status("mirror", name);
  if (found === undefined || found.status === "running") return "waiting";
  if (found.held !== undefined && stillHolds(found.held, await limits(), clock.now()))
    return { held: found.held };
  if (found.status === "unknown") return (await isThere(request, ports)) ? "done" : "spent";
  return found.status === "succeeded" && found.refused === undefined ? "done" : "spent";
}

/** Whether the target's own registry shows these bytes: what an execution says of them is hearsay beside that. */
async function isThere({ target, digest }: MirrorRequest, { registries }: Ports): Promise<boolean> {
  return (await registries.headManifest(pinned(parseReference(target), digest))) !== undefined;
}

async function awaitExecution(
  name: string,
  label: string,
  { ports, steps, progress }: Pick<Course, "ports" | "steps" | "progress">,
): Promise<ExecutionStatus> {
  for (let waited = 0, look = 1; ; look++) {
    const found = await steps.step(
      `copying ${label}.${look}`,
      () => ports.executions.status("mirror", name),
      { attempts: 6 },
    );
    // An asynchronous start may not show yet: no status is no news.
    if (found !== undefined && found.status !== "running") return found;
    if (waited >= WAIT_SECONDS_MAX) return { status: "running" };
    progress.looks = (progress.looks ?? 0) + 1;
    const seconds = Math.min(pauseAfter(look, waited, leastPause(progress.looks)), WAIT_SECONDS_MAX - waited);
    await steps.wait(`copy ${label}.${look}`, seconds);
    waited += seconds;
  }
}

/** A copy is looked at once within a minute of its start, however long other copies have taken. */
function pauseAfter(look: number, waited: number, least: number): number {
  const first = least === 0 ? LOOK_SECONDS_FIRST[look - 1] : undefined;
  if (first !== undefined) return first;
  if (look === 1) return LOOK_SECONDS;
  return Math.max(waited < LONG_SECONDS ? LOOK_SECONDS : LOOK_SECONDS_OF_LONG, least);
}
