/** The sandbox's ECR API: repositories are made in the registry that the tasks pull from. */

import type { Ecr } from "../remediation/ports.ts";
import type { AwsFault } from "./ecs-port.ts";
import type { SandboxRegistry } from "./registry.ts";

/** @param registry the account's private ECR */
export function createEcrPort(registry: SandboxRegistry, faults: AwsFault): Ecr {
  return {
    async ensureRepository(name, settings) {
      faults("ecr:CreateRepository");
      return registry.createRepository(name, { immutableTags: settings.immutableTags });
    },
    async imageStatus(repository, digest) {
      faults("ecr:DescribeImages");
      return registry.imageStatus(repository, digest);
    },
  };
}
