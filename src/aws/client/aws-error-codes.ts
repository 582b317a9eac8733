/**
 * What AWS's error codes mean to a remediation.
 *
 * Every service has its own words for the same six things; they are grouped here by meaning, once, and an
 * unknown word is judged by its HTTP status.
 */

import { AwsError, type AwsErrorKind } from "../../remediation/ports/aws-error.ts";

const CODES: Readonly<Record<AwsErrorKind, readonly string[]>> = {
  throttled: [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
  ],
  denied: [
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "BlockedException",
    "CredentialsProviderError",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "KMSAccessDeniedException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "NotAuthorizedForDetailTypeException",
    "NotAuthorizedForSourceException",
    "OptInRequired",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "TokenProviderError",
    // Of ECR, about the secret of a pull-through cache rule.
    "UnableToAccessSecretException",
    "UnableToDecryptSecretValueException",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
  ],
  absent: [
    "ClusterNotFoundException",
    "ImageNotFoundException",
    "NamespaceNotFoundException",
    "NoSuchEntityException",
    "NotFoundException",
    "ParameterNotFound",
    "PullThroughCacheRuleNotFoundException",
    "RepositoryNotFoundException",
    "ResourceNotFoundException",
    "SecretNotFoundException",
    "ServiceDeploymentNotFoundException",
    "ServiceNotFoundException",
    "TargetNotFoundException",
    "TaskSetNotFoundException",
    "TemplateNotFoundException",
  ],
  conflict: [
    "ConcurrentModificationException",
    "ConflictException",
    "DurableExecutionAlreadyStartedException",
    "ImageAlreadyExistsException",
    "ImageTagAlreadyExistsException",
    "PullThroughCacheRuleAlreadyExistsException",
    "RepositoryAlreadyExistsException",
    "ResourceConflictException",
    "ResourceInUseException",
    "ServiceNotActiveException",
    "TemplateAlreadyExistsException",
    "UpdateInProgressException",
  ],
  invalid: [
    "ClientException",
    // Of an entry of PutEvents, by its model not to be retried (client-eventbridge 3.1162, PutEventsResultEntry).
    "InvalidAccountIdException",
    "InvalidArgument",
    "InvalidParameterException",
    "InvalidParameterValueException",
    "InvalidRequestContentException",
    "InvalidTagParameterException",
    // A quota of the account, not a rate: no retry helps. (The SDK itself retries it as a throttle first.)
    "LimitExceededException",
    "MalformedDetail",
    "PlatformTaskDefinitionIncompatibilityException",
    "PlatformUnknownException",
    "RedactionFailure",
    "RequestTooLargeException",
    "TooManyTagsException",
    "UnsupportedFeatureException",
    "UnsupportedUpstreamRegistryException",
    "ValidationError",
    "ValidationException",
  ],
  unavailable: [
    "InternalFailure",
    "InternalServerError",
    "ServerException",
    "ServiceException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "TimeoutError",
  ],
};

const KIND_OF: ReadonlyMap<string, AwsErrorKind> = new Map(
  Object.entries(CODES).flatMap(([kind, codes]) =>
    codes.map((code) => [code, kind as AwsErrorKind] as const),
  ),
);

const MESSAGE_LENGTH_MAX = 500;

/** Converts whatever an SDK call threw into an AwsError. @param action as IAM spells it, `ecs:UpdateService` */
export function toAwsError(action: string, error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  const code = codeOf(error);
  const said = error instanceof Error ? error.message : String(error);
  // A refused signature's further words quote the request that was signed, session token included.
  const quotes = /canonical string|string-to-sign/i.test(said);
  // For a body that is not AWS's, such as a proxy's page, the SDK's parser quotes the body: that helps no reader.
  // Of a page that is XML all the same, it finds neither code nor words.
  const unreadable =
    error instanceof SyntaxError ||
    /Deserialization error/.test(said) ||
    (code === "Unknown" && said === code);
  const first = said.split(/[.\n]/)[0] ?? "";
  const message = unreadable
    ? `the answer could not be read (HTTP ${statusOf(error) ?? "?"})`
    : bounded(quotes ? first : said);
  return new AwsError(
    kindOf(code, message, statusOf(error)),
    action,
    unreadable ? `${action}: ${message}` : `${action}: ${code}: ${message}`,
    quotes ? {} : { cause: error },
  );
}

/** The AwsError of a code that came inside an answer. */
export function toAwsErrorOfCode(action: string, code: string, message: string): AwsError {
  return new AwsError(kindOf(code, message, undefined), action, `${action}: ${code}: ${bounded(message)}`);
}

/** Runs one call of an action; whatever it throws becomes an AwsError. */
export async function callAws<T>(action: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toAwsError(action, error);
  }
}

/** Whether the error is one of these codes. */
export function hasErrorCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && codes.includes(error.name);
}

function kindOf(code: string, message: string, status: number | undefined): AwsErrorKind {
  // RegisterTaskDefinition says so when two callers register the same family at once; the next second it works.
  if (code === "ClientException" && /too many concurrent attempts/i.test(message)) return "throttled";
  const known = KIND_OF.get(code);
  if (known !== undefined) return known;
  if (status === 429) return "throttled";
  if (status === 401 || status === 403) return "denied";
  if (status === 404) return "absent";
  if (status === 409) return "conflict";
  if (status !== undefined && status >= 400 && status < 500) return "invalid";
  return "unavailable";
}

function codeOf(error: unknown): string {
  return error instanceof Error ? error.name : "Unknown";
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("$metadata" in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}

function bounded(text: string): string {
  return text.length > MESSAGE_LENGTH_MAX ? `${text.slice(0, MESSAGE_LENGTH_MAX)}…` : text;
}
