/** The copies that a refresh has made: of tags that have moved, and of tags that the policy wants. */

import type { Digest } from "../../image/digest.ts";
import { pinToDigest } from "../../image/reference.ts";
import type { Registries } from "../../oci/client/registries.ts";
import type { Policy } from "../../substitution/policy/policy-in-force.ts";
import { mirrorTarget } from "../../substitution/strategies/ecr-copy.ts";
import { headSource, type SourceHead } from "../source-states.ts";
import { copiedPlatforms } from "./copied-platforms.ts";
import type { CopiedTag } from "./copied-tags.ts";
import type { DueCopy, NoRequest } from "./copy-queue.ts";
import { requestCopy } from "./request-copy.ts";
import type { WantedTag } from "./wanted-tags.ts";

type Where = { readonly policy: Policy; readonly host: string };
type Asked = { readonly registries: Registries };

/** Next to the old copies, for the platforms that these are for. */
export function dueOfMoved(
  { source, name, repository, copies, used }: CopiedTag,
  digest: Digest,
  { policy, host }: Where,
  { registries }: Asked,
): DueCopy {
  const target = { host, path: repository, ...(source.tag === undefined ? {} : { tag: source.tag }) };
  const followed = used.length > 0 ? used : copies.slice(0, 1);
  return {
    key: name,
    host: source.host,
    async request() {
      const wanted = { source, digest, target, wantedBy: "refresh" } as const;
      if (policy.mirrors.platforms === "all")
        return await requestCopy({ ...wanted, platforms: undefined }, registries);
      const found = await copiedPlatforms(
        followed.map(({ copy }) => pinToDigest(target, copy.digest)),
        registries,
      );
      if (found.kind === "unknown") return none("platforms-unknown", found.because);
      return await requestCopy({ ...wanted, platforms: found.platforms }, registries);
    },
  };
}

/** By the digest that its tag has when the copy begins. */
export function dueOfWanted(
  { source, name, platforms }: WantedTag,
  { policy, host }: Where,
  { registries }: Asked,
): readonly DueCopy[] {
  const target = mirrorTarget(source, { ecrHost: host, policy });
  if (target === undefined) return [];
  return [
    {
      key: name,
      host: source.host,
      async request() {
        const head = await headSource(source, (image) => registries.headManifest(image));
        if (head.kind === "gone") return none("source-gone", `${name} is not there`);
        if (head.kind === "unknown") return none(codeOf(head), head.because);
        const { digest } = head;
        return await requestCopy(
          {
            source,
            digest,
            target,
            wantedBy: "images",
            platforms: policy.mirrors.platforms === "all" ? undefined : platforms,
          },
          registries,
        );
      },
    },
  ];
}

function codeOf({ code, isSilent }: Extract<SourceHead, { kind: "unknown" }>): string {
  if (code === "limited") return "rate-limited";
  return isSilent === true ? "source-silent" : `source-${code}`;
}

function none(code: string, because: string): NoRequest {
  return { kind: "none", code, because };
}
