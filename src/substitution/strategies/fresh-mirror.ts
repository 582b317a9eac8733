/** Copy the image into ECR first, from wherever its bytes can still be read, and run the copy. */

import { canonicalName, pinned } from "../../image/reference.ts";
import type { Candidate } from "../candidate.ts";
import type { Strategy } from "../strategy.ts";
import { copyOf } from "./own-copy.ts";
import { publicTwin } from "./public-mirror.ts";

export const freshMirror: Strategy = {
  name: "fresh-mirror",
  summary: "copy the image into this account's ECR and run the copy",
  candidates: (image, context) => {
    const copied = (source: string): Candidate => ({
      strategy: "fresh-mirror",
      image: canonicalName(copyOf(image, context)),
      source,
      samePublisher: false,
    });
    const { trusted } = context;
    const twin = publicTwin(image);
    return [
      // By digest, ECR Public is the same bytes without Docker Hub's limit.
      ...(twin !== undefined && trusted !== undefined ? [copied(canonicalName(pinned(twin, trusted)))] : []),
      copied(canonicalName(trusted === undefined ? image : pinned(image, trusted))),
    ];
  },
};
