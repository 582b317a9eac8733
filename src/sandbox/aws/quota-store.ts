/** The table of the quotas in the sandbox: the same answers, kept in memory. */

import type { QuotaStore } from "../../remediation/ports/quota-store.ts";
import type { AwsFault } from "./faults/aws-fault.ts";

type SandboxPeriod = {
  used: number;
  readonly requesters: Set<string>;
  notifiedBy?: string;
};

export type SandboxQuotas = {
  readonly port: QuotaStore;
  /** What has been taken, by the name of the window. */
  readonly windows: ReadonlyMap<string, SandboxPeriod>;
};

export function createSandboxQuotas(faults: AwsFault): SandboxQuotas {
  const windows = new Map<string, SandboxPeriod>();
  const windowOf = (name: string): SandboxPeriod => {
    const window = windows.get(name) ?? { used: 0, requesters: new Set<string>() };
    windows.set(name, window);
    return window;
  };
  return {
    port: {
      async acquire({ period: { name }, requester, amount, max }) {
        faults("dynamodb:UpdateItem");
        const window = windowOf(name);
        if (window.requesters.has(requester)) return { kind: "granted" };
        if (window.used + amount > max) return { kind: "reached", used: window.used };
        window.used += amount;
        window.requesters.add(requester);
        return { kind: "granted" };
      },
      async claimNotification({ name }, claimant) {
        faults("dynamodb:UpdateItem");
        const window = windowOf(name);
        window.notifiedBy ??= claimant;
        return window.notifiedBy === claimant;
      },
      async used({ name }) {
        faults("dynamodb:GetItem");
        return windows.get(name)?.used ?? 0;
      },
    },
    windows,
  };
}
