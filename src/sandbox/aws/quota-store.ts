/** The table of the caps in the sandbox: the same answers, kept in memory. */

import type { QuotaStore } from "../../remediation/ports/quota-store.ts";
import type { AwsFault } from "./ecs.ts";

export type SandboxWindow = {
  used: number;
  readonly claimants: Set<string>;
  toldBy?: string;
};

export type SandboxCaps = {
  readonly port: QuotaStore;
  /** What has been taken, by the name of the window. */
  readonly windows: ReadonlyMap<string, SandboxWindow>;
};

export function createSandboxCaps(faults: AwsFault): SandboxCaps {
  const windows = new Map<string, SandboxWindow>();
  const windowOf = (name: string): SandboxWindow => {
    const window = windows.get(name) ?? { used: 0, claimants: new Set<string>() };
    windows.set(name, window);
    return window;
  };
  return {
    port: {
      async acquire({ period: { name }, requester, amount, max }) {
        faults("dynamodb:UpdateItem");
        const window = windowOf(name);
        if (window.claimants.has(requester)) return { kind: "granted" };
        if (window.used + amount > max) return { kind: "reached", used: window.used };
        window.used += amount;
        window.claimants.add(requester);
        return { kind: "granted" };
      },
      async claimNotification({ name }, claimant) {
        faults("dynamodb:UpdateItem");
        const window = windowOf(name);
        window.toldBy ??= claimant;
        return window.toldBy === claimant;
      },
      async used({ name }) {
        faults("dynamodb:GetItem");
        return windows.get(name)?.used ?? 0;
      },
    },
    windows,
  };
}
