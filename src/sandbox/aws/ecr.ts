/**
 * The sandbox's ECR API: repositories are made in the registry that the tasks pull from, and pull-through rules fetch
 * what is asked for from the registries of this world, with their own account and from an address of AWS's.
 *
 * Manifests come at once and layers only on request: ECR's behaviour is unmeasured, and this is the harder case.
 */

import type { Digest } from "../../image/digest.ts";
import { basicCredentials } from "../../oci/auth/credentials.ts";
import { createRegistries } from "../../oci/client/registries.ts";
import { RegistryError } from "../../oci/client/registry-error.ts";
import type { Ecr, ImportResult } from "../../remediation/ports/ports.ts";
import { ruleFor, upstreamOf } from "../../substitution/pull-through-rule.ts";
import type { Internet } from "../network.ts";
import type { SandboxRegistry } from "../registry/registry.ts";
import type { VirtualClock } from "../virtual-clock.ts";
import type { WorldFile } from "../world/world-file.ts";
import type { CacheRules } from "./cache-rules.ts";
import type { AwsFault } from "./faults/aws-fault.ts";

/** ECR's own address towards the upstreams: RFC 5737. */
const ECR_ADDRESS = "192.0.2.50";
const LAYER_MS = 4_000;

type Place = {
  /** The account's private ECR. */
  readonly registry: SandboxRegistry;
  readonly file: WorldFile;
  readonly internet: Internet;
  readonly clock: VirtualClock;
  readonly cacheRules: CacheRules;
  readonly faults: AwsFault;
};

export function createEcrPort({ registry, file, internet, clock, cacheRules, faults }: Place): Ecr {
  const upstreamFor = (repository: string) => {
    const rules = cacheRules.rules();
    const rule = ruleFor(repository, rules);
    const entry = rules.find((one) => one === rule);
    if (rule === undefined || entry === undefined) return undefined;
    const account = entry.account ?? "";
    const password = file.registries?.[entry.upstream]?.accounts?.[account]?.password;
    const shown = entry.secretIsWrong ? "wrong" : password;
    const credentials = shown === undefined ? undefined : basicCredentials(account, shown);
    const registries = createRegistries({
      send: internet.from(ECR_ADDRESS),
      clock,
      credentials: async () => credentials,
    });
    return { registries, place: upstreamOf(rule, repository) };
  };

  return {
    async ensureRepository(name, settings) {
      faults("ecr:CreateRepository");
      return registry.createRepository(name, { immutableTags: settings.immutableTags });
    },
    async imageStatus(repository, digest) {
      faults("ecr:DescribeImages");
      return registry.imageStatus(repository, digest);
    },
    async pullThroughRules() {
      faults("ecr:DescribePullThroughCacheRules");
      return cacheRules.rules().map(({ prefix, upstreamHost, upstreamPrefix }) => ({
        prefix,
        upstreamHost,
        ...(upstreamPrefix === undefined ? {} : { upstreamPrefix }),
      }));
    },
    async validateRule(prefix) {
      faults("ecr:ValidatePullThroughCacheRule");
      const entry = cacheRules.rules().find((one) => one.prefix === prefix);
      return entry?.secretIsWrong === true
        ? {
            isValid: false,
            because: `ECR says that the rule ${prefix} does not work: the upstream refuses its secret`,
          }
        : { isValid: true, because: `ECR says that the rule ${prefix} works` };
    },
    async importImage(repository, digest): Promise<ImportResult> {
      faults("ecr:BatchGetImage");
      const cached = registry.manifest(repository, digest);
      if (cached !== undefined) return { kind: "imported", bytes: cached.bytes, mediaType: cached.mediaType };
      const upstream = upstreamFor(repository);
      if (upstream === undefined)
        return { kind: "refused", isTransient: false, because: `there is no repository ${repository}` };
      try {
        const manifest = await upstream.registries.getManifest({ ...upstream.place, digest });
        if (manifest === undefined) return refusedBy("absent");
        registry.putManifest(repository, manifest.bytes, manifest.mediaType);
        return { kind: "imported", bytes: manifest.bytes, mediaType: manifest.mediaType };
      } catch (error) {
        if (error instanceof RegistryError) return refusedBy(error.kind);
        throw error;
      }
    },
    async missingLayers(repository, digests) {
      faults("ecr:BatchCheckLayerAvailability");
      return digests.filter((digest) => !registry.holdsBlob(repository, digest));
    },
    async fetchLayer(repository, digest: Digest) {
      faults("ecr:GetDownloadUrlForLayer");
      const upstream = upstreamFor(repository);
      if (upstream === undefined || registry.holdsBlob(repository, digest)) return;
      clock.schedule(clock.now() + LAYER_MS, async () => {
        const bytes = await upstream.registries
          .getBlob(upstream.place, digest, Number.MAX_SAFE_INTEGER)
          .catch(() => undefined);
        if (bytes !== undefined) registry.putBlob(repository, bytes);
      });
    },
  };
}

/** In the words of the AWS gateway. */
function refusedBy(kind: RegistryError["kind"]): ImportResult {
  switch (kind) {
    case "rate-limited":
      return {
        kind: "refused",
        isTransient: false,
        code: "UpstreamTooManyRequests",
        because: "the rule's own account has no pulls left there (UpstreamTooManyRequests)",
      };
    case "unauthorized":
    case "denied":
      return {
        kind: "refused",
        isTransient: false,
        code: "UpstreamAccessDenied",
        because: "it refuses the secret of the rule (UpstreamAccessDenied)",
      };
    case "absent":
      return {
        kind: "refused",
        isTransient: false,
        code: "ImageNotFound",
        because: "it has no such image, or Repull may not import it (ImageNotFound)",
      };
    default:
      return {
        kind: "refused",
        isTransient: true,
        code: "UpstreamUnavailable",
        because: "it does not answer (UpstreamUnavailable)",
      };
  }
}
