/** The owner's brake: a parameter of the stack's own in SSM, `released` or whatever the owner has written instead. */

import { createParameters } from "../src/aws/parameters.ts";
import { type Brake, NO_BRAKE } from "../src/remediation/brake.ts";
import type { Settings } from "./settings.ts";

const RELEASED = "released";
const WORD_LENGTH_MAX = 200;

/** Reads the parameter anew each time. */
export function brakeOf({ aws, brakeParameter }: Settings): Brake {
  if (brakeParameter === undefined) return NO_BRAKE;
  const parameters = createParameters(aws);
  return {
    async pulled() {
      const word = (await parameters.read(brakeParameter)).trim();
      return word === RELEASED ? undefined : word.slice(0, WORD_LENGTH_MAX);
    },
  };
}
