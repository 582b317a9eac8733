/**
 * A connection that did not come about: the words name the target, the address shows how far it came.
 *
 * An address inside a VPC means that an endpoint's name was resolved: routes are out of question, and groups and network
 * ACLs are left. A public address means that the way out counts. What a refused connection met is not a security group.
 */

import { isPublic, parseBlock } from "../../network/addresses.ts";
import type { CauseCode } from "../causes.ts";
import type { Found, Told } from "./told.ts";
import type { TargetName } from "./words.ts";

// biome-ignore format: a table is read by its columns
const NO_WAY: Readonly<Record<TargetName, readonly [task: CauseCode, instance: CauseCode]>> = {
  "ecr.api":        ["no-way-to-ecr-api",          "instance-has-no-way-to-ecr-api"],
  "ecr.dkr":        ["no-way-to-ecr",              "instance-has-no-way-to-ecr"],
  "s3":             ["no-way-to-s3",               "no-way-to-s3"],
  "secretsmanager": ["no-way-to-secrets-manager",  "no-way-to-secrets-manager"],
  "ssm":            ["no-way-to-ssm",              "no-way-to-ssm"],
  "logs":           ["no-way-to-cloudwatch-logs",  "no-way-to-cloudwatch-logs"],
  "efs":            ["efs-mount-refused",          "efs-mount-refused"],
  "ecs":            ["instance-has-no-way-to-ecs", "instance-has-no-way-to-ecs"],
  "ecs-agent":      ["instance-has-no-way-to-ecs", "instance-has-no-way-to-ecs"],
  "ecs-telemetry":  ["instance-has-no-way-to-ecs", "instance-has-no-way-to-ecs"],
  "docker-hub":     ["no-way-to-docker-hub",       "no-way-to-docker-hub"],
  "registry":       ["no-way-to-registry",         "no-way-to-registry"],
};

export function networkCauses({ words, start }: Told): readonly Found[] | undefined {
  const { text, fault, target, address, host } = words;
  const params = {
    // Of a layer the words name the image, and the host is S3's.
    ...(host === undefined || (target === "s3" && !/\bs3\b/.test(host)) ? {} : { host }),
    ...(address === undefined ? {} : { address }),
    ...(words.region === undefined ? {} : { region: words.region }),
    ...(target === undefined ? {} : { service: target }),
  };
  const likely = (...codes: readonly CauseCode[]): readonly Found[] =>
    codes.map((code) => ({ code, isCertain: false, params }));
  if (/x509|certificate/i.test(text) && /x509|unknown authority|is valid for|tls:/i.test(text))
    return [
      {
        code: /is valid for/i.test(text) ? "dns-leads-to-other-host" : "registry-certificate-not-trusted",
        isCertain: true,
        params,
      },
    ];
  // The token's host is another than the registry's: it may be closed, down, or have enough of us.
  if (
    /fetch (?:anonymous|oauth) token|failed to authorize/i.test(text) &&
    !/40[13] |unauthorized:|denied/i.test(text)
  )
    return fault === "dns"
      ? likely("dns-fails", "registry-token-failed")
      : likely("registry-token-failed", "no-way-to-docker-hub");
  if (
    /asm fetching|registry auth from asm/i.test(text) &&
    !/Amazon ECR/i.test(text) &&
    (fault !== undefined || words.isCut)
  )
    return likely(
      "registry-credentials-secret-not-readable",
      "no-way-to-secrets-manager",
      "execution-role-may-not-read-secret",
    );
  // What was answered outranks that it was given up: the service was reached.
  if (fault === undefined || (isOfAws(target) && ANSWERED.test(text))) return undefined;
  if (fault === "dns") return [{ code: "dns-fails", isCertain: true, params }];
  if (target === undefined) {
    if (/secrets or registry auth/i.test(text))
      return likely("no-way-to-secrets-or-ecr", "no-way-to-ecr-api", "no-way-to-secrets-manager");
    if (!/CannotPull|pull/i.test(text)) return undefined;
    const isEcr = start.containers.some(({ image = "" }) => /\d{12}\.dkr[.-]ecr/.test(image));
    return isEcr
      ? likely("no-way-to-ecr", "no-way-to-s3", "public-subnet-without-public-ip")
      : likely("no-way-to-registry");
  }
  if (fault === "refused") return likely("registry-refuses-connection", noWay(target, start.launchType));
  const block = address === undefined ? undefined : parseBlock(address);
  if (block !== undefined && !isPublic(block) && target !== "docker-hub" && target !== "registry")
    return likely("sg-egress-blocks-endpoint", "endpoint-security-group-blocks", "network-acl-blocks");
  // Half of a connection: a firewall, a proxy, or a path that drops large packets; or it passes.
  const isBroken = fault === "reset" || /handshake timeout/i.test(text);
  if (isBroken && /failed to (?:copy|extract|register)|httpRead/i.test(text))
    return likely("pull-interrupted", noWay(target, start.launchType));
  const isLayer = target === "s3" && !/env files?|environment variable files/i.test(text);
  if (isLayer)
    return likely(
      "s3-gateway-endpoint-missing",
      "sg-egress-lacks-s3-prefix-list",
      "public-subnet-without-public-ip",
      "no-way-to-s3",
    );
  if (target === "s3")
    return likely("no-way-to-s3", "s3-gateway-endpoint-missing", "sg-egress-lacks-s3-prefix-list");
  return likely(
    noWay(target, start.launchType),
    "public-subnet-without-public-ip",
    "sg-egress-blocks-internet",
  );
}

/** Codes by which a service of AWS answers. */
const ANSWERED =
  /\b(?:NoSuch(?:Key|Bucket)|ResourceNotFoundException|ParameterNotFound|AccessDenied(?:Exception)?)\b/;

function isOfAws(target: TargetName | undefined): boolean {
  return target !== undefined && !["docker-hub", "registry", "ecr.dkr", "efs"].includes(target);
}

function noWay(target: TargetName, launchType: string | undefined): CauseCode {
  const [task, instance] = NO_WAY[target];
  return launchType === undefined || launchType === "FARGATE" ? task : instance;
}
