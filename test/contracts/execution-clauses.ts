/** What Lambda's durable executions and the sandbox's have in common: one more part of the contract of the ports. */

import { expect } from "vitest";
import type { Clause } from "./ports-contract.ts";

export const EXECUTION_CLAUSES: readonly Clause[] = [
  {
    says: "an execution's name starts once, and is taken ever after",
    backedBy: "sandbox only",
    holds: async ({ executions, go }) => {
      expect(await executions?.status("mirror", "m-1")).toBeUndefined();
      expect(await executions?.start("mirror", "m-1", { wait: 60 })).toBe("started");
      expect(await executions?.start("mirror", "m-1", { wait: 60 })).toBe("taken");
      await go?.(10);
      expect(await executions?.status("mirror", "m-1")).toEqual({ status: "running" });
      await go?.(60);
      expect(await executions?.status("mirror", "m-1")).toEqual({
        status: "succeeded",
        endedAt: expect.any(Number),
      });
      expect(await executions?.start("mirror", "m-1", { wait: 60 })).toBe("taken");
    },
  },
  ...(["denied", "throttled"] as const).map(
    (kind): Clause => ({
      says: `an execution that succeeded is unknown, and no success, where its result is ${kind}`,
      backedBy: "recorded: the errors of GetDurableExecution in Lambda's model (client-lambda 3.1162)",
      holds: async ({ executions, go, hideResults }) => {
        await executions?.start("mirror", "m-3", {});
        await go?.(60);
        hideResults?.(kind);
        expect(await executions?.status("mirror", "m-3")).toEqual({
          status: "unknown",
          because: expect.any(String),
          endedAt: expect.any(Number),
          ...(kind === "denied" ? { permission: "lambda:GetDurableExecution" } : { transient: true }),
        });
      },
    }),
  ),
  {
    says: "an execution that fails says why",
    backedBy: "sandbox only",
    holds: async ({ executions, go }) => {
      await executions?.start("mirror", "m-2", { fail: "the target is full" });
      await go?.(60);
      expect(await executions?.status("mirror", "m-2")).toEqual({
        status: "failed",
        because: expect.stringContaining("the target is full"),
        endedAt: expect.any(Number),
      });
    },
  },
];
