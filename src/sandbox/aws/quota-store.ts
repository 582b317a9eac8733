/** The table of the caps in the sandbox: the same answers, kept in memory. */

import type { Caps } from "../../remediation/ports/quota-store.ts";
import type { AwsFault } from "./ecs.ts";

export type SandboxWindow = {
  used: number;
  readonly claimants: Set<string>;
  toldBy?: string;
};

export type SandboxCaps = {
  readonly port: Caps;
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
      async claim({ window: { name }, claimant, amount, max }) {
        faults("dynamodb:UpdateItem");
        const window = windowOf(name);
        if (window.claimants.has(claimant)) return { kind: "granted" };
        if (window.used + amount > max) return { kind: "reached", used: window.used };
        window.used += amount;
        window.claimants.add(claimant);
        return { kind: "granted" };
      },
      async tellsOfIt({ name }, claimant) {
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
