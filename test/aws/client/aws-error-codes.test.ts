import { describe, expect, test } from "vitest";

import { toAwsError, toAwsErrorOfCode } from "../../../src/aws/client/aws-error-codes.ts";
import { AwsError } from "../../../src/remediation/ports/aws-error.ts";

function thrown(name: string, message = "", httpStatusCode?: number): Error {
  return Object.assign(new Error(message), {
    name,
    ...(httpStatusCode === undefined ? {} : { $metadata: { httpStatusCode } }),
  });
}

describe("AWS's words mean one of six things", () => {
  // biome-ignore format: a table
  const table = [
    ["ThrottlingException",                     400, "throttled"],
    ["TooManyRequestsException",                429, "throttled"],
    ["RequestLimitExceeded",                    503, "throttled"],
    ["AccessDeniedException",                   400, "denied"],
    ["ExpiredTokenException",                   400, "denied"],
    ["UnrecognizedClientException",             400, "denied"],
    ["CredentialsProviderError",          undefined, "denied"],
    ["RepositoryNotFoundException",             400, "absent"],
    ["ResourceNotFoundException",               404, "absent"],
    ["DurableExecutionAlreadyStartedException", 409, "conflict"],
    ["ServiceNotActiveException",               400, "conflict"],
    ["ClientException",                         400, "invalid"],
    ["LimitExceededException",                  400, "invalid"],
    ["ServerException",                         500, "unavailable"],
    ["TimeoutError",                      undefined, "unavailable"],
    ["Error",                             undefined, "unavailable"],
    // Words of next year, judged by their status.
    ["NewException",                            429, "throttled"],
    ["NewException",                            403, "denied"],
    ["NewException",                            404, "absent"],
    ["NewException",                            409, "conflict"],
    ["NewException",                            422, "invalid"],
    ["NewException",                            503, "unavailable"],
    ["constructor",                       undefined, "unavailable"],
  ] as const;
  for (const [code, status, kind] of table) {
    test(`${code} ${status ?? ""} is ${kind}`, () => {
      expect(toAwsError("ecs:UpdateService", thrown(code, "words", status)).kind).toBe(kind);
    });
  }
});

test("an error says what was asked, and what came back", () => {
  const cause = thrown("ClusterNotFoundException", "Cluster not found.", 400);
  const error = toAwsError("ecs:DescribeServices", cause);
  expect(error.message).toBe("ecs:DescribeServices: ClusterNotFoundException: Cluster not found.");
  expect(error.cause).toBe(cause);
});

test("an AwsError stays itself", () => {
  const error = new AwsError("denied", "ecs:DescribeTasks", "no");
  expect(toAwsError("ecs:ListTasks", error)).toBe(error);
});

test("a refused signature does not carry the session token that AWS quotes back", () => {
  const quoted =
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:TOKEN-OF-THE-SESSION\n'";
  const error = toAwsError("ecs:UpdateService", thrown("InvalidSignatureException", quoted, 403));
  expect(error.kind).toBe("denied");
  expect(error.message).toContain("does not match");
  expect(error.message).not.toContain("TOKEN-OF-THE-SESSION");
  expect(error.cause).toBeUndefined();
});

test("a page of a proxy in which the SDK finds no code is an answer that could not be read", () => {
  const error = toAwsError("sts:GetCallerIdentity", thrown("Unknown", "Unknown", 502));
  expect(error.message).toBe("sts:GetCallerIdentity: the answer could not be read (HTTP 502)");
  expect(error.kind).toBe("unavailable");
});

test("an error's words have a bound", () => {
  expect(toAwsError("a:B", thrown("X", "y".repeat(100_000))).message.length).toBeLessThan(600);
  expect(toAwsErrorOfCode("a:B", "X", "y".repeat(100_000)).message.length).toBeLessThan(600);
});

for (const odd of [
  undefined,
  null,
  "text",
  7,
  { $metadata: null },
  { $metadata: { httpStatusCode: "403" } },
]) {
  test(`${JSON.stringify(odd)}, thrown by whomever, is unavailable`, () => {
    expect(toAwsError("a:B", odd)).toMatchObject({ name: "AwsError", kind: "unavailable" });
  });
}
