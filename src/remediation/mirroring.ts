/**
 * Has images brought into ECR by the `mirror` workflow, and waits until they are there.
 *
 * Fifty services that need one image start one copy, for its name is made of the image: whoever comes second waits
 * for the first. A copy that failed is tried again under the next name, a few times; one that was refused is not.
 */

import { printPlatform } from "../image/platform.ts";
import type { Json } from "../runtime/json.ts";
import type { Steps } from "../runtime/steps.ts";
import { placeOf } from "../substitution/candidate.ts";
import type { ImagePlan } from "../substitution/planner.ts";
import { mirrorName } from "./names.ts";
import type { ExecutionStatus, Ports } from "./ports.ts";

const ATTEMPTS_MAX = 3;
/** Names that earlier remediations have used up in vain are passed by: the world may have changed since. */
const NAMES_MAX = 40;
const LOOK_SECONDS_FIRST = 2;
const LOOK_SECONDS_MAX = 60;
const WAIT_SECONDS_MAX = 2 * 3600;

/** A place whose image could not be brought into ECR, by `placeOf` its candidate. */
export type Refused = { readonly image: string; readonly place: string; readonly because: string };

/**
 * Brings each image into ECR whose plan says so, one after the other. Answers the first that could not be.
 *
 * @param made places that were brought there before and are wanted again: what is said to be done there is not believed
 */
export async function mirrorImages(
  images: readonly ImagePlan[],
  round: string,
  made: ReadonlySet<string>,
  ports: Ports,
  steps: Steps,
): Promise<Refused | undefined> {
  for (const [index, { image, winner }] of images.entries()) {
    if (winner === undefined) continue;
    const { candidate, copy, warm, digest } = winner;
    const request =
      copy !== undefined
        ? {
            kind: "copy" as const,
            source: copy.source,
            target: copy.target,
            digest,
            ...(copy.platform === undefined ? {} : { platform: printPlatform(copy.platform) }),
            ...(copy.anonymous ? { anonymous: true } : {}),
          }
        : warm !== undefined
          ? {
              kind: "warm" as const,
              target: warm.target,
              digest,
              ...(warm.platform === undefined ? {} : { platform: printPlatform(warm.platform) }),
            }
          : undefined;
    if (request === undefined) continue;
    const place = placeOf(candidate);
    const because = await mirrorOne(request, `${round}.${index + 1}`, made.has(place), ports, steps);
    if (because !== undefined) return { image, place, because };
  }
  return undefined;
}

/** Why it could not be done; undefined: it is done. */
async function mirrorOne(
  request: {
    readonly kind: "copy" | "warm";
    readonly target: string;
    readonly digest: `sha256:${string}` | `sha512:${string}`;
    readonly source?: string;
    readonly platform?: string;
    readonly anonymous?: boolean;
  },
  label: string,
  again: boolean,
  ports: Ports,
  steps: Steps,
): Promise<string | undefined> {
  const what = request.kind === "copy" ? "the copy" : "filling the cache";
  let because = `${what} was not started`;
  for (let attempt = 1, own = 0; attempt <= NAMES_MAX && own < ATTEMPTS_MAX; attempt++) {
    const name = mirrorName(
      { ...request, source: `${request.source ?? request.kind}${request.anonymous ? " anonymously" : ""}` },
      attempt,
    );
    const begun = await steps.step(
      `mirror ${label} attempt ${attempt}`,
      () => begin(name, request as unknown as Json, ports),
      { attempts: 6 },
    );
    if (begun === "spent" || (begun === "done" && again)) continue;
    if (begun === "done") return undefined;
    own += 1;
    const ended = await awaitExecution(name, `${label}.${attempt}`, ports, steps);
    if (ended.refused !== undefined) return ended.refused;
    if (ended.status === "succeeded") return undefined;
    const words = ended.status === "running" ? "is still running" : ended.status;
    because = `${what} ${words}${ended.because === undefined ? "" : ` (${ended.because})`}`;
    if (ended.status === "running") break;
  }
  return because;
}

/** `done`, `spent`: an execution of this name has ended before we came, well or in vain. */
async function begin(
  name: string,
  request: Json,
  { executions }: Ports,
): Promise<"waiting" | "done" | "spent"> {
  if ((await executions.start("mirror", name, request)) === "started") return "waiting";
  const found = await executions.status("mirror", name);
  if (found === undefined || found.status === "running") return "waiting";
  return found.status === "succeeded" && found.refused === undefined ? "done" : "spent";
}

async function awaitExecution(
  name: string,
  label: string,
  ports: Ports,
  steps: Steps,
): Promise<ExecutionStatus> {
  let pause = LOOK_SECONDS_FIRST;
  for (let waited = 0, look = 1; ; look++) {
    const found = await steps.step(
      `copying ${label}.${look}`,
      () => ports.executions.status("mirror", name),
      { attempts: 6 },
    );
    // An asynchronous start may not show yet: no status is no news.
    if (found !== undefined && found.status !== "running") return found;
    if (waited >= WAIT_SECONDS_MAX) return { status: "running" };
    await steps.wait(`copy ${label}.${look}`, pause);
    waited += pause;
    pause = Math.min(LOOK_SECONDS_MAX, pause * 2);
  }
}
