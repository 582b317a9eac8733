/**
 * `repull rate-limit`: how many pulls Docker Hub still grants, to this address and to the account that is logged in.
 *
 * Docker keeps an image for the question, and a HEAD of it is not a pull:
 * https://docs.docker.com/docker-hub/usage/pulls/#view-pull-rate-and-limit (read 2026-11).
 */

import { parseReference } from "../../image/reference.ts";
import { DOCKER_HUB_HOST } from "../../image/registry-hosts.ts";
import type { Credentials, FindCredentials } from "../../oci/auth/credentials.ts";
import { createRegistries } from "../../oci/client/registries.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import { httpTransport } from "../../oci/http/http-transport.ts";
import { parseEndpoints } from "../../oci/http/registry-endpoints.ts";
import type { Send } from "../../oci/http/transport.ts";
import { type Clock, systemClock, type Timer } from "../../runtime/clock.ts";
import { userCredentials } from "../account/registry-credentials.ts";
import { EXIT, exitStatusOf } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { tellWrongCall } from "../output/command-error.ts";
import { jsonLine } from "../output/json-line.ts";
import { formatRateLimits } from "./format-rate-limit.ts";
import { lackingPulls, type RateLimitStatus, WINDOW_SECONDS_DEFAULT } from "./rate-limit-status.ts";

export type RateLimitInput = {
  /** How many pulls are planned, as written on the command line. */
  readonly pulls?: string;
  /** Seconds for the whole of it, as written on the command line. */
  readonly timeout?: string;
  readonly json: boolean;
};

const IMAGE = parseReference(`${DOCKER_HUB_HOST}/ratelimitpreview/test:latest`);
/** Several tries of a request, each as long as opening a connection may take. */
const TIMEOUT_SECONDS = 60;
const TIMEOUT_SECONDS_MAX = 3600;
const PULLS = /^[1-9][0-9]{0,8}$/;

/** Runs the command; answers its exit status. The account counts where there is one: it is who pulls. */
export async function rateLimit(
  input: RateLimitInput,
  io: CommandIo,
  clock: Clock = systemClock,
  timer: Timer = systemClock,
): Promise<number> {
  if (input.pulls !== undefined && !PULLS.test(input.pulls)) {
    const why = `--pulls: expected a count from 1, got ${JSON.stringify(input.pulls)}`;
    return tellWrongCall("rate-limit", why, input.json, io);
  }
  const timeoutSeconds = input.timeout === undefined ? TIMEOUT_SECONDS : Number(input.timeout);
  if (!(timeoutSeconds > 0 && timeoutSeconds <= TIMEOUT_SECONDS_MAX)) {
    const got = JSON.stringify(input.timeout);
    const why = `--timeout: expected seconds up to ${TIMEOUT_SECONDS_MAX}, got ${got}`;
    return tellWrongCall("rate-limit", why, input.json, io);
  }
  const pulls = input.pulls === undefined ? undefined : Number(input.pulls);
  const transport = httpTransport({ clock, proxyEnv: io.env });
  const send = io.outgoing?.sending(transport) ?? transport;
  const late = new AbortController();
  const callOff = timer.after(timeoutSeconds * 1000, () =>
    late.abort(new Error(`no answer within the ${timeoutSeconds} s of --timeout`)),
  );
  const asking = { send, io, clock, timer, late: late.signal };
  const login = await userCredentials(io, async () => undefined)(DOCKER_HUB_HOST, "pull");
  try {
    const measured = [read({ who: "address" }, undefined, asking)];
    if (login !== undefined) {
      const user = userOf(login);
      const account = { who: "account", ...(user === undefined ? {} : { user }) } as const;
      measured.push(read(account, login, asking));
    }
    const readings = await Promise.all(measured);
    const measuredAt = new Date(clock.now());
    io.out(
      input.json
        ? jsonLine("rate-limit", asJson(readings, pulls, measuredAt))
        : formatRateLimits(readings, pulls, measuredAt),
    );
    return statusOf(readings.at(-1), pulls);
  } finally {
    callOff();
    transport.close();
  }
}

type Asking = {
  readonly send: Send;
  readonly io: CommandIo;
  readonly clock: Clock;
  readonly timer: Timer;
  /** Aborted when the time is over. */
  readonly late: AbortSignal;
};

async function read(
  who: { readonly who: RateLimitStatus["who"]; readonly user?: string },
  login: Credentials | undefined,
  { send, io, clock, timer, late }: Asking,
): Promise<RateLimitStatus> {
  const credentials: FindCredentials = async () => login;
  const endpoints = parseEndpoints(io.env.REPULL_REGISTRY_ENDPOINTS);
  const repository = createRegistries({ send, clock, timer, credentials, endpoints }).open(IMAGE, "pull");
  try {
    await repository.headManifest(IMAGE.tag ?? "latest", AbortSignal.any([io.signal, late]));
    const { quota } = repository;
    return quota === undefined ? { ...who, kind: "unlimited" } : { ...who, kind: "limited", quota };
  } catch (error) {
    if (late.aborted && !io.signal.aborted)
      return { ...who, kind: "unreachable", because: late.reason.message, status: EXIT.unfinished };
    if (!(error instanceof RegistryError)) throw error;
    // Whether a HEAD is answered when nothing is left is unverified: a refusal that brings its numbers is an answer.
    if (error.quota !== undefined) return { ...who, kind: "limited", quota: error.quota };
    const kind = error.kind === "unavailable" ? "unreachable" : "refused";
    return { ...who, kind, because: error.message, status: exitStatusOf(error.kind) };
  }
}

function statusOf(reading: RateLimitStatus | undefined, pulls = 1): number {
  if (reading === undefined || reading.kind === "unlimited") return EXIT.done;
  if (reading.kind !== "limited") return reading.status;
  const lacking = lackingPulls(reading.quota, pulls);
  if (lacking === undefined) return EXIT.unfinished;
  return lacking === 0 ? EXIT.done : EXIT.rateLimited;
}

function asJson(readings: readonly RateLimitStatus[], pulls: number | undefined, measuredAt: Date): object {
  return {
    registry: DOCKER_HUB_HOST,
    measuredAt: measuredAt.toISOString(),
    ...(pulls === undefined ? {} : { pulls }),
    readings: readings.map((reading) => {
      if (reading.kind !== "limited") {
        const { who, user, kind } = reading;
        const because = reading.kind === "unlimited" ? {} : { because: reading.because };
        return { who, ...(user === undefined ? {} : { user }), kind, ...because };
      }
      const { quota, ...rest } = reading;
      const backAt = new Date(
        measuredAt.getTime() + (quota.windowSeconds ?? WINDOW_SECONDS_DEFAULT) * 1000,
      ).toISOString();
      const lacking = pulls === undefined ? undefined : lackingPulls(quota, pulls);
      const short = lacking === undefined ? {} : { lacking };
      return { ...rest, ...quota, allBackAtTheLatest: backAt, ...short };
    }),
  };
}

/** The name in `Basic …`; a refresh token does not name its account. */
function userOf(login: Credentials): string | undefined {
  if (login.kind !== "basic") return undefined;
  const decoded = Buffer.from(login.header.replace(/^Basic /, ""), "base64").toString("utf8");
  return decoded.slice(0, decoded.indexOf(":")) || undefined;
}
