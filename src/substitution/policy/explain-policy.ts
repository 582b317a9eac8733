/**
 * A policy document, judged and put into words before any service is healed by it.
 *
 * Everything that is wrong is said at once; what is right is explained key by key, with a mark on what the document
 * changes.
 */

import { InvalidInput } from "../../image/invalid-input.ts";
import type { Scope } from "../glob.ts";
import type { PolicyDocument } from "./document.ts";
import { parseDocument } from "./parse-document.ts";
import { DEFAULT_DOCUMENT, type PolicyError, readDocument, validateDocument } from "./policy.ts";
import { formatRegistries } from "./registries.ts";
import { isVersionRange } from "./version-range.ts";
import type { WantedImage } from "./wanted-images.ts";

export type PolicyCheck =
  | { readonly kind: "valid"; readonly policy: PolicyDocument; readonly lines: readonly string[] }
  | {
      readonly kind: "invalid";
      readonly errors: readonly PolicyError[];
      readonly lines: readonly string[];
    };

/** Judges the text of a policy document. Never throws for what is in it. */
export function checkPolicy(text: string): PolicyCheck {
  let value: Readonly<Record<string, unknown>>;
  try {
    value = parseDocument(text);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return invalid([{ path: error.path, expected: error.expected }]);
  }
  const errors = validateDocument(value);
  if (errors.length > 0) return invalid(errors);
  const policy = readDocument(value);
  const ranges = rangeErrors(policy);
  if (ranges.length > 0) return invalid(ranges);
  return { kind: "valid", policy, lines: explainPolicy(policy) };
}

/** The functions that heal have no need to understand a range, and go on with a wrong one. */
function rangeErrors({ mirrors: { images } }: PolicyDocument): readonly PolicyError[] {
  return images.flatMap(({ semver }, index) =>
    semver === undefined || isVersionRange(semver)
      ? []
      : [
          {
            path: `mirrors.images.${index}.semver`,
            expected: `a range of versions such as ^1.27 or >=1.25 <2, got ${semver}`,
          },
        ],
  );
}

function invalid(errors: readonly PolicyError[]): PolicyCheck {
  return {
    kind: "invalid",
    errors,
    lines: errors.map(({ path, expected }) => `${path}: expected ${expected}`),
  };
}

/** The whole document, a line for each key; `*` marks what is not the default. */
export function explainPolicy(policy: PolicyDocument): readonly string[] {
  const width = Math.max(...Object.keys(SENTENCES).map((key) => key.length));
  return Object.entries(SENTENCES).map(([key, words]) => {
    const name = key as keyof PolicyDocument;
    const isDefault = JSON.stringify(policy[name]) === JSON.stringify(DEFAULT_DOCUMENT[name]);
    return `${isDefault ? " " : "*"} ${key.padEnd(width)}  ${words(policy)}`;
  });
}

const SENTENCES: Readonly<Record<keyof PolicyDocument, (policy: PolicyDocument) => string>> = {
  scope: ({ scope: { clusters, services, images, namespaces, owners } }) =>
    `clusters: ${formatScope(clusters)}; services: ${formatScope(services)}; images: ${formatScope(images)}; namespaces: ${formatScope(namespaces)}; owners of pods: ${formatScope(owners)}`,
  mode: ({ mode }) =>
    ({
      remediate: "Repull changes services, as far as the stack's Mode lets it",
      approve: "Repull changes a service once you have approved the plan",
      observe: "Repull plans and reports, and writes nothing",
    })[mode],
  approval: ({ approval: { hours } }) => `a plan waits ${hours} hours for an approval`,
  changeCalendar: ({ changeCalendar }) =>
    changeCalendar.length === 0
      ? "no Change Calendar is asked"
      : `a change begins only while ${changeCalendar.join(" and ")} ${changeCalendar.length === 1 ? "is" : "are"} open`,
  strategies: ({ strategies }) => `in this order: ${strategies.join(", ")}`,
  minimumProof: ({ minimumProof }) => `no image below the proof ${minimumProof} ever runs`,
  imageMappings: ({ imageMappings }) =>
    imageMappings.length === 0
      ? "no sources of your own are asked"
      : imageMappings
          .map(
            ({ image, use, allowDifferentContent }) =>
              `${image} is also ${use}${allowDifferentContent ? ", WHATEVER ITS CONTENT" : ", if its digest is the same"}`,
          )
          .join("; "),
  mirrors: ({ mirrors }) => formatMirrors(mirrors),
  registries: ({ registries }) => formatRegistries(registries),
  quotas: ({ quotas }) =>
    `${quotas.remediationsPerHour} remediations per hour, ${quotas.bytesPerDay} copied per day`,
  onActiveDeployment: ({ onActiveDeployment }) =>
    ({
      act: "Repull acts while a deployment is in progress",
      wait: "Repull waits for a deployment in progress, three hours at most",
      report: "Repull only reports while a deployment is in progress",
    })[onActiveDeployment],
  waitForLimit: ({ waitForLimit }) =>
    waitForLimit
      ? "where Docker Hub alone has an image and its pull limit is reached, Repull waits for its end: six hours at most"
      : "where Docker Hub alone has an image and its pull limit is reached, Repull does not wait",
  executionRole: ({ executionRole }) =>
    executionRole === undefined
      ? "tasks without an execution role get none"
      : `tasks without one get ${executionRole}`,
  kubernetes: ({
    kubernetes: { proofMaxAge, requestsPerHour, refreshEvery, reachableRegistries, nodeRoles },
  }) =>
    [
      `a proof is good for ${proofMaxAge} in a cluster`,
      `${requestsPerHour} requests per hour at a registry that counts`,
      refreshEvery === "never"
        ? "its controller does not refresh copies"
        : `its controller refreshes copies every ${refreshEvery}`,
      ...(reachableRegistries.length === 0
        ? []
        : [`its nodes can pull from ${reachableRegistries.join(", ")}`]),
      ...(nodeRoles.length === 0 ? [] : [`its nodes have the roles ${nodeRoles.join(", ")}`]),
    ].join(", "),
};

function formatMirrors({
  platforms,
  additionalRepositories,
  immutableTags,
  prefill,
  images,
  kmsKey,
  cacheLifecycle,
  tags,
}: PolicyDocument["mirrors"]): string {
  return [
    platforms === "task"
      ? "a copy holds the platforms that the tasks need"
      : "a copy holds every platform of the image",
    ...(additionalRepositories.length === 0
      ? []
      : [`copies are also looked for in ${additionalRepositories.join(", ")}`]),
    `new repositories get ${immutableTags ? "immutable" : "mutable"} tags`,
    ...(kmsKey === undefined ? [] : [`the key ${kmsKey}`]),
    ...Object.entries(tags).map(([key, value]) => `the tag ${key}=${value}`),
    ...expiriesOf(cacheLifecycle ?? {}),
    ...(prefill ? ["images of new deployments are copied ahead"] : []),
    ...(images.length === 0 ? [] : [`kept copied: ${images.map(formatWanted).join("; ")}`]),
  ].join(", ");
}

function expiriesOf({ untaggedDays, pushedDays }: NonNullable<PolicyDocument["mirrors"]["cacheLifecycle"]>) {
  return [
    ...(untaggedDays === undefined
      ? []
      : [`untagged images of a new cache expire after ${untaggedDays} days`]),
    ...(pushedDays === undefined ? [] : [`all images of a new cache expire after ${pushedDays} days`]),
  ];
}

function formatWanted({ image, tags, semver, newest, platforms }: WantedImage): string {
  const which = [...tags, ...(semver === undefined ? [] : [`versions ${semver}`])].join(", ");
  return `${image} (${which}; the newest ${newest}, for ${platforms.join(", ")})`;
}

function formatScope({ include, exclude }: Scope): string {
  const all = include.length === 1 && include[0] === "*";
  const inside = all ? "all" : include.length === 0 ? "none" : include.join(", ");
  return exclude.length === 0 ? inside : `${inside}, but not ${exclude.join(", ")}`;
}
