/** What the templates give the functions in their environments, of all of them together, in an account of no one. */

import { STUB_CREDENTIALS } from "./aws-stub.ts";

export const BUNDLES = [
  ...(["detect", "remediate", "mirror"] as const),
  ...(["diagnose", "hook", "deployment-hook", "prefill", "mirrors", "refresh"] as const),
];
export type BundleName = (typeof BUNDLES)[number];

export const functionArnOf = (name: string): string =>
  `arn:aws:lambda:us-east-1:123456789012:function:repull-${name}:live`;

/** @param endpoint where AWS is */
export function functionEnvironment(endpoint: string): Readonly<Record<string, string>> {
  return {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: STUB_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: STUB_CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL: endpoint,
    POWERTOOLS_SERVICE_NAME: "repull",
    REPULL_POLICY_PARAMETER: "/repull/policy",
    REPULL_WRITES_PARAMETER: "/repull/writes",
    REPULL_REMEDIATE_FUNCTION: functionArnOf("remediate"),
    REPULL_MIRROR_FUNCTION: functionArnOf("mirror"),
    REPULL_QUOTA_TABLE: "quotas",
    REPULL_DEAD_LETTER_QUEUE_URL: "https://sqs.us-east-1.amazonaws.com/123456789012/repull-unhandled",
    REPULL_CLAIM_TABLE: "claims",
    REPULL_MAIN_STACK: "repull",
    REPULL_PRUNE_TABLE: "prune",
    REPULL_REPORT_TABLE: "reports",
    REPULL_MIRROR_PREFIX: "repull",
    REPULL_ROLE_ARN: "arn:aws:iam::123456789012:role/repull-mirrors",
  };
}
