/** The rules of healing, from top to bottom: which place a waiting container gets next, and when it is left alone. */

import { expect, test } from "vitest";
import {
  decideHeal,
  type HealFacts,
  type HealProof,
  type NeededCopy,
} from "../../../src/kubernetes/heal/decide-heal.ts";
import { type StuckContainer, stuckContainers } from "../../../src/kubernetes/heal/stuck-pods.ts";
import { podFacts } from "../../../src/kubernetes/workloads/pod-facts.ts";
import { LIMIT_MESSAGE, pod } from "../../support/kubernetes/cluster-objects.ts";
import { imageNamed } from "../../support/kubernetes/registries-in-memory.ts";

const { digest } = imageNamed("nginx");
const TWIN = `public.ecr.aws/docker/library/nginx@${digest}`;
const TARGET = "123456789012.dkr.ecr.us-east-1.amazonaws.com/repull/docker.io/library/nginx";
const LAST = `nginx:1.27@${digest}`;
const trusted = { digest, from: "origin", askedAt: "2026-11-29T08:00:00Z" };
const twin = { use: TWIN, proof: "same-index", isSimulated: false } as const;
const copyFrom = (source: string): NeededCopy => ({
  key: source,
  use: `${TARGET}@${digest}`,
  proof: "same-index",
  request: { kind: "copy", source, target: `${TARGET}:1.27`, digest },
});

function stuck(kind: StuckContainer["kind"], image = "nginx:1.27"): StuckContainer {
  const isOurs = image !== "nginx:1.27";
  const annotations = {
    "image.repull.dev/web": `nginx:1.27 ${digest} same-index origin 2026-11-29T08:00:00Z`,
  };
  const said = pod({
    name: "web-1",
    of: "web/1",
    image,
    waits: LIMIT_MESSAGE(image),
    ...(isOurs ? { annotations } : {}),
  });
  const facts = podFacts({ ...said, metadata: { ...said.metadata, uid: "1" } });
  const [found] = stuckContainers(facts as NonNullable<typeof facts>);
  return { ...(found as StuckContainer), kind };
}

const asked = (more: Partial<HealProof> = {}): HealProof => ({
  usable: [],
  trusted,
  codes: [],
  isPassing: false,
  ...more,
});

type Row = readonly [
  when: string,
  stuck: StuckContainer,
  facts: Partial<HealFacts>,
  action: readonly [kind: string, what?: string],
];

// biome-ignore format: a table is read by its columns
const table: readonly Row[] = [
  ["kubelet has not looked at our image yet",          stuck("pending", TWIN),           { proof: asked({ usable: [twin] }) },                                             ["wait"]],
  ["the mode is off, whatever is proved",              stuck("limit"),                   { mode: "off", proof: asked({ usable: [twin] }) },                                ["end", "opted-out"]],
  ["it is out of scope, before its owner is looked at", stuck("limit"),                  { isInScope: false, isOwnerInScope: false },                                      ["end", "excluded-by-policy"]],
  ["its owner is out of scope",                        stuck("limit"),                   { isOwnerInScope: false },                                                        ["end", "deployed-by-others"]],
  ["nothing was asked yet",                            stuck("limit"),                   {},                                                                               ["prove"]],
  ["a place is proved",                                stuck("limit"),                   { proof: asked({ usable: [twin], copies: [copyFrom("a")] }) },                    ["patch", TWIN]],
  ["every proved place was tried, and a copy may be made", stuck("substitute-failed", TWIN), { tried: [TWIN], proof: asked({ usable: [twin], copies: [copyFrom("a")] }) }, ["copy", "a"]],
  ["no place is proved, and a copy may be made",       stuck("limit"),                   { proof: asked({ copies: [copyFrom("a"), copyFrom("b")] }) },                     ["copy", "a"]],
  ["the first copy was refused",                       stuck("limit"),                   { copiesEnded: new Set(["a"]), proof: asked({ copies: [copyFrom("a"), copyFrom("b")] }) }, ["copy", "b"]],
  ["every copy has ended, and none is a place",        stuck("limit"),                   { copiesEnded: new Set(["a"]), proof: asked({ copies: [copyFrom("a")] }) },       ["end", "no-proof"]],
  ["its image is missing: a copy from there is none",  stuck("missing"),                 { proof: asked({ copies: [copyFrom("a")] }) },                                    ["end", "no-proof"]],
  ["its image is missing, and the place is not ours",  stuck("missing"),                 { proof: asked({ usable: [twin] }) },                                             ["end", "no-proof"]],
  ["every place and copy has failed",                  stuck("substitute-failed", TWIN), { tried: [TWIN], proof: asked({ usable: [twin] }) },                              ["patch", LAST]],
  ["the last place has failed too",                    stuck("substitute-failed", LAST), { tried: [TWIN, LAST], proof: asked({ usable: [twin] }) },                        ["end", "substitutes-failed"]],
  ["what was asked did not answer",                    stuck("limit"),                   { proof: asked({ isPassing: true, codes: ["no-answer"] }) },                      ["wait"]],
  ["its pods contradict each other",                   stuck("limit"),                   { proof: { usable: [], codes: ["trust-unreadable"], isPassing: false } },         ["end", "trust-unreadable"]],
];
for (const [when, container, facts, [kind, what]] of table)
  test(`answers ${[kind, what].filter(Boolean).join(" ")} when ${when}`, () => {
    const action = decideHeal(container, {
      mode: "remediate",
      isOwnerInScope: true,
      isInScope: true,
      tried: [],
      copiesEnded: new Set(),
      ...facts,
    });
    const told =
      action.kind === "patch"
        ? action.use
        : action.kind === "copy"
          ? action.copy.key
          : action.kind === "end"
            ? action.code
            : undefined;
    expect([action.kind, told]).toEqual([kind, what]);
  });

test("what would be written is only reported in the mode observe", () => {
  const facts = { isOwnerInScope: true, isInScope: true, tried: [], copiesEnded: new Set<string>() };
  for (const proof of [asked({ usable: [twin] }), asked({ copies: [copyFrom("a")] })])
    expect(decideHeal(stuck("limit"), { ...facts, mode: "observe", proof })).toMatchObject({
      isObserved: true,
    });
});
