/** The policy document that `repull policy init` writes: every key with its default, and what it decides. */

import type { PolicyDocument } from "./document.ts";
import { DEFAULT_DOCUMENT } from "./policy.ts";

/** Parameter Store takes so much in a standard parameter: https://docs.aws.amazon.com/general/latest/gr/ssm.html (read 2026-11). */
export const STANDARD_PARAMETER_CHARACTERS_MAX = 4096;

const COMMENTS: Readonly<Record<keyof PolicyDocument, readonly string[]>> = {
  scope: ["What Repull may change, by name; * matches any text. exclude wins."],
  mode: ["remediate, approve (ask me first) or observe (write nothing). The stack's Mode is a ceiling."],
  approval: ["How long a plan waits for an approval: 1 to 72 hours."],
  changeCalendar: ["SSM Change Calendars, by name or ARN: a change begins only while all of them are open."],
  strategies: ["Where to look for the same image, in this order."],
  minimumProof: [
    "same-index, same-platform or same-publisher (no digest compared): nothing weaker ever runs.",
  ],
  imageMappings: ['Sources of your own, such as {"image": "acme/*", "use": "ghcr.io/acme/{name}:{tag}"}.'],
  mirrors: [
    "Copies in ECR. platforms: task (what the tasks need) or all.",
    "additionalRepositories, such as central/{path}, need the stack's ReadableRepositoryArns.",
    'images are kept copied, such as {"image": "nginx", "semver": "^1.27"}; infra/mirrors.yaml does it.',
    'cacheLifecycle, such as { "untaggedDays": 180 }, is for the repositories of repull mirrors cache create.',
  ],
  registries: [
    "Registries that are asked (well-known: the public ones), and private images that may be copied.",
  ],
  quotas: ["The most that is written. What waits goes on in the next hour or day."],
  onActiveDeployment: ["While another deployment is in progress: act, wait (for its end) or report."],
  waitForLimit: ["Wait up to six hours where Docker Hub alone has the image."],
  executionRole: [
    "A role for Fargate tasks without one; among the stack's PassableRoleArns.",
    '"executionRole": "arn:…"',
  ],
  kubernetes: ["A cluster's own: how long a proof is good, and from where its nodes can pull."],
};

/** JSON with comments, which the functions read as it is. */
export function initDocument(): string {
  const members = Object.keys(COMMENTS).map((key) => {
    const value = DEFAULT_DOCUMENT[key as keyof PolicyDocument];
    const comments = COMMENTS[key as keyof PolicyDocument].map((line) => `  // ${line}`);
    return [
      ...comments,
      ...(value === undefined ? [] : [`  ${JSON.stringify(key)}: ${printed(value)},`]),
    ].join("\n");
  });
  return `// Repull's policy. Every key may be left out; these are the defaults. docs/policy.md explains them.\n{\n${members.join("\n\n")}\n}\n`;
}

/** A member a line where there are several, so that a line can be changed alone. */
function printed(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return spaced(value);
  const members = Object.entries(value).map(
    ([key, member]) => `    ${JSON.stringify(key)}: ${spaced(member)}`,
  );
  return `{\n${members.join(",\n")}\n  }`;
}

function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${spaced(member)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}
