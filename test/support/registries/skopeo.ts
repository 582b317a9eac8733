/** skopeo as a client of our registries: `apt-get install skopeo`. Loopback speaks plain HTTP, so TLS is never asked for. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** skopeo waits 2, 4, 8 and 16 seconds at a 429 before it says so. */
const MILLISECONDS_MAX = 90_000;

export type Ended = { readonly status: number; readonly output: string; readonly complaint: string };

/** Runs skopeo to its end. Rejects only where it could not be run or did not end. */
export async function skopeo(...words: readonly string[]): Promise<Ended> {
  try {
    const { stdout, stderr } = await promisify(execFile)("skopeo", words, {
      timeout: MILLISECONDS_MAX,
      maxBuffer: 2 ** 24,
    });
    return { status: 0, output: stdout, complaint: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== "number") throw error;
    return { status: code, output: stdout ?? "", complaint: stderr ?? "" };
  }
}
