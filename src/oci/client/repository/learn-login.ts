/**
 * Asks a registry for nothing, to learn how to log in: the challenge would else be the answer to a first question.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#determining-support
 */

import { discard } from "../../http/response-body.ts";
import { RegistryError } from "../registry-error.ts";
import type { RepositoryRequests } from "./repository-requests.ts";

/** What a registry may answer; what it answers says nothing of an image. */
const ANSWERS = [200, 401, 403, 404];

export async function learnLogin(requests: RepositoryRequests, signal?: AbortSignal): Promise<void> {
  const { base } = requests.client.address;
  const url = new URL(`${base.pathname.replace(/\/+$/, "")}/v2/`, base);
  try {
    const attempted = `GET /v2/ of ${requests.host}`;
    discard(await requests.send({ method: "GET", url, attempted, accepts: ANSWERS, signal }));
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
  }
}
