/** A pull-through cache rule of ECR leads to the image: ECR fetches it with the rule's own account, and keeps it. */

import { canonicalName } from "../../image/reference.ts";
import type { Candidate } from "../candidate.ts";
import { cachedRepository, hostOf } from "../pull-through-rule.ts";
import type { Strategy } from "../strategy.ts";

export const pullThroughCache: Strategy = {
  name: "pull-through-cache",
  summary: "have ECR fetch it by a pull-through cache rule, and run that",
  candidates: (image, { rules, ecrHost }) => {
    if ("because" in rules) return { code: "cache-rules-unreadable", because: rules.because };
    const leading = rules.filter((rule) => hostOf(rule) === image.host);
    if (leading.length === 0)
      return {
        code: "no-cache-rule",
        because: `this account has no pull-through cache rule for ${image.host}`,
        host: image.host,
      };
    const offered = leading.map((rule) => ({ rule, repository: cachedRepository(rule, image, rules) }));
    const candidates = offered.flatMap(({ rule, repository }): readonly Candidate[] =>
      typeof repository !== "string"
        ? []
        : [
            {
              strategy: "pull-through-cache",
              image: canonicalName({
                host: ecrHost,
                path: repository,
                ...(image.tag === undefined ? {} : { tag: image.tag }),
              }),
              pullThroughRule: { rule: rule.prefix, upstream: canonicalName(image) },
              samePublisher: false,
            },
          ],
    );
    const refused = offered.flatMap(({ repository }) =>
      typeof repository === "string" ? [] : repository.because,
    );
    return candidates.length === 0
      ? { code: "cache-rule-unsuitable", because: refused.join("; ") }
      : candidates;
  },
};
