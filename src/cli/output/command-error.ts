/**
 * What a command says when it cannot do its work: one line for people, one object for scripts, one exit status.
 *
 * Five kinds are expected: a wrong call, a refusal, AWS, a cluster, a registry. Everything else is a fault of Repull, and says so.
 */

import { ClusterError, type ClusterReason } from "../../cluster/cluster-error.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { RegistryError, type RegistryErrorKind } from "../../oci/client/registry-error.ts";
import { EndpointsError } from "../../oci/http/registry-endpoints.ts";
import { AwsError, type AwsErrorKind } from "../../remediation/ports/aws-error.ts";
import { visible } from "../../text/visible.ts";
import { EXIT, exitStatusOf, exitStatusOfAws } from "../exit-status.ts";
import type { CommandIo } from "../io.ts";
import { type RefusalCode, RefusedCommand } from "../refused-command.ts";
import { WrongCall } from "../wrong-call.ts";
import { jsonLine } from "./json-line.ts";

export type CommandError = {
  readonly code: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
  readonly status: number;
};

export type BugReport = { readonly version: string; readonly reportTo: string };

const AWS_REMEDIES: Readonly<Record<AwsErrorKind, string>> = {
  denied: "allow it for this caller, or sign in as another one",
  throttled: "run it again in a minute",
  unavailable: "check the network and the region, and run it again",
  absent: "check the name, the account and the region",
  conflict: "run it again: something else changed it meanwhile",
  invalid: "check what was named; --verbose shows the request",
};

export const REFUSAL_REMEDIES: Readonly<Record<RefusalCode, string>> = {
  "no-stack": "name the stack with --stack, or its region with --region",
  "stack-unreadable":
    "name it with --stack, or allow lambda:GetFunctionConfiguration, lambda:ListFunctions and lambda:ListTags",
  "policy-unreadable": "allow ssm:GetParameter for the policy document, or name one with --policy",
  "writes-stopped": "repull status shows why, repull resume lets it write again",
  "observe-mode": "raise Mode of the stack",
  "excluded-by-policy": "change the policy document",
  "no-right": "allow the action for this caller",
  "account-unknown": "sign in with credentials that may call sts:GetCallerIdentity",
  "other-account": "sign in to that account with --profile",
  "other-region": "name that region with --region",
  "rule-has-other-upstream": "choose another prefix with --prefix",
  "rule-has-other-secret":
    "name that secret with --secret, choose another prefix, or change the rule yourself",
  "template-differs":
    "choose another prefix with --prefix, or leave the template as it is with --no-template",
  "organization-unread":
    "run it with the management account or a delegated administrator of Organizations, or name accounts with --accounts",
  "role-refused":
    "deploy infra/scan-role.yaml there, or check what it trusts, its external id, and that this caller may assume it; --role-name names another role",
  "old-node": "install it from https://nodejs.org, or put it first on the PATH",
};

const REGISTRY_REMEDIES: Readonly<Record<RegistryErrorKind, string>> = {
  "rate-limited": "wait, or sign in with docker login: repull rate-limit shows how many pulls are left",
  unauthorized: "sign in with docker login, and run it again",
  denied: "sign in as an account that may read it, and run it again",
  "not-allowed": "allow the registry in registries.allowed of the policy document",
  absent: "check the reference: the registry does not have it",
  malformed: "run it again; if it answers so again, report it to the registry",
  unavailable: "check the network and the proxy, and run it again",
};

/** By reason; of the others, nothing but another try is known. */
const CLUSTER_REMEDIES: Partial<
  Readonly<Record<ClusterReason, { readonly remedy: string; readonly status: number }>>
> = {
  BadRequest: { remedy: "check the kubeconfig and the context", status: EXIT.usage },
  Unauthorized: { remedy: "sign in to the cluster: kubectl get namespaces shows how", status: EXIT.refused },
  Forbidden: { remedy: "allow the action for this caller", status: EXIT.refused },
  NotServed: { remedy: "install the chart (infra/helm/repull)", status: EXIT.unfinished },
};

/** `cluster-not-served`. */
function ofCluster({ reason }: ClusterError, message: string): CommandError {
  const known = CLUSTER_REMEDIES[reason];
  return {
    code: `cluster-${reason.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase()}`,
    message,
    remedy: known?.remedy ?? "check that the cluster answers, and run it again",
    status: known?.status ?? EXIT.unfinished,
  };
}

export function describeError(error: unknown, command: string, bug: BugReport): CommandError {
  const message = visible(error instanceof Error ? error.message : String(error));
  if (error instanceof WrongCall) return wrongCall(message, command);
  if (error instanceof InvalidInput)
    return { code: "invalid-input", message, remedy: helpOf(command), status: EXIT.usage };
  if (error instanceof EndpointsError)
    return {
      code: "invalid-input",
      message,
      remedy: "correct REPULL_REGISTRY_ENDPOINTS",
      status: EXIT.usage,
    };
  if (hasNoCredentials(error)) return { code: "aws-denied", ...NO_CREDENTIALS, status: EXIT.refused };
  if (error instanceof RefusedCommand)
    return { code: error.code, message, remedy: REFUSAL_REMEDIES[error.code], status: EXIT.refused };
  if (error instanceof AwsError)
    return {
      code: `aws-${error.kind}`,
      message,
      remedy: remedyOfAws(error),
      status: exitStatusOfAws(error),
    };
  if (error instanceof ClusterError) return ofCluster(error, message);
  if (error instanceof RegistryError)
    return {
      code: `registry-${error.kind}`,
      message,
      remedy: REGISTRY_REMEDIES[error.kind],
      status: exitStatusOf(error.kind),
    };
  const name = error instanceof Error ? error.name : typeof error;
  return {
    code: "bug",
    message: `a fault of Repull ${bug.version}: ${name}: ${message}`,
    remedy: `report it to ${bug.reportTo}, with what --verbose shows`,
    status: EXIT.unfinished,
  };
}

const SIGN_IN_AGAIN = "sign in again (aws sso login), or set new AWS_* variables";
const CHECK_KEYS =
  "check the profile, or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and the clock of this machine";

/** What AWS says of the credentials themselves: no permission helps. By AWS's code. */
const CREDENTIAL_REMEDIES: ReadonlyMap<string, string> = new Map([
  ["CredentialsProviderError", SIGN_IN_AGAIN],
  ["ExpiredToken", SIGN_IN_AGAIN],
  ["ExpiredTokenException", SIGN_IN_AGAIN],
  ["TokenProviderError", SIGN_IN_AGAIN],
  ["AuthFailure", CHECK_KEYS],
  ["IncompleteSignature", CHECK_KEYS],
  ["InvalidClientTokenId", CHECK_KEYS],
  ["InvalidSignatureException", CHECK_KEYS],
  ["MissingAuthenticationToken", CHECK_KEYS],
  ["MissingAuthenticationTokenException", CHECK_KEYS],
  ["RequestExpired", CHECK_KEYS],
  ["SignatureDoesNotMatch", CHECK_KEYS],
  ["UnrecognizedClientException", CHECK_KEYS],
]);

function remedyOfAws({ kind, action, message }: AwsError): string {
  // `sts:GetCallerIdentity: ExpiredTokenException: …`: the cause is dropped where it quotes a session token.
  const code = message.startsWith(`${action}: `) ? message.slice(action.length + 2).split(":")[0] : undefined;
  return CREDENTIAL_REMEDIES.get(code ?? "") ?? AWS_REMEDIES[kind];
}

export const NO_CREDENTIALS = {
  message: "no AWS credentials were found",
  remedy: "sign in (aws sso login, aws configure), or name a profile that has some with --profile",
} as const;

/** The SDK's own words name the chain of its providers, and no way out: also as the cause of a refusal. */
export function hasNoCredentials(error: unknown): boolean {
  const asked = error instanceof RefusedCommand ? error.cause : error;
  const cause = asked instanceof AwsError ? asked.cause : undefined;
  return (
    cause instanceof Error && cause.name === "CredentialsProviderError" && /any providers/.test(cause.message)
  );
}

export function wrongCall(message: string, command: string): CommandError {
  const sentence = visible(message).replace(/\.$/, "");
  return { code: "invalid-input", message: sentence, remedy: helpOf(command), status: EXIT.usage };
}

/** `repull plan: SERVICE: expected …; repull help plan` */
export function errorLine({ message, remedy }: CommandError, command: string): string {
  const sentence = message.replace(/\.$/, "");
  return `${command === "" ? "repull" : `repull ${command}`}: ${sentence}; ${remedy}\n`;
}

/** @param whose the account that it is about, where there are several */
export function errorAsJson(
  { code, message, remedy }: CommandError,
  whose: { readonly profile?: string; readonly account?: string } = {},
): string {
  return jsonLine("error", { code, message, remedy, ...whose });
}

function helpOf(command: string): string {
  return `repull help${command === "" ? "" : ` ${command}`} shows how to call it`;
}

/** For what a command finds out by itself before its work. Answers the exit status. */
export function tellWrongCall(
  command: string,
  message: string,
  json: boolean,
  io: Pick<CommandIo, "out" | "err">,
): number {
  const told = wrongCall(message, command);
  if (json) io.out(errorAsJson(told));
  io.err(errorLine(told, command));
  return told.status;
}
