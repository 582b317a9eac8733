/** The event bus of a command: a person sees how it ended, so that a bus which hears nothing of it fails nothing. */

import { AwsError } from "../../remediation/ports/aws-error.ts";
import type { OutcomePublisher } from "../../remediation/ports/ports.ts";
import type { CommandIo } from "../io.ts";

/** Publishes where it can, and says where it could not. */
export function ignorePublishErrors(bus: OutcomePublisher, io: Pick<CommandIo, "err">): OutcomePublisher {
  return {
    async publish(detail) {
      try {
        await bus.publish(detail);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        io.err(`the outcome could not be put on the event bus: ${error.message}\n`);
      }
    },
  };
}

/** For a command that only plans: nothing leaves the machine. */
export const SILENT_PUBLISHER: OutcomePublisher = { publish: async () => {} };
