/**
 * What registries and their clients say, and what follows from it.
 *
 * Each row is a phrase with a fact: never a single token, because `toomanyrequests` and `429` are said by
 * every registry, and may also be somebody's image name. Rows are read against `plainText`.
 */

export type Phrase = {
  readonly pattern: RegExp;
  /** The fact, in words that can close the sentence "the text …". */
  readonly says: string;
  /** Where the wording was seen. */
  readonly seen: string;
};

/** Docker Hub's own sentence for its pull limit. "You have reached your" must open a clause: a guess in passing does not count. */
export const DOCKER_HUB_SENTENCE: Phrase = {
  pattern:
    /(?<=^|["'>(\]*/]|[:;.!,|-] |\bor |\(…\) )(?:toomanyrequests"?[:,]? ?)?(?:"?message"?: ?"?)?you(?: ha|')ve reached your (?:(un)?authenticated )?pull rate limits?\b(?: as ["']?\[redacted\]["']?)?/i,
  says: "is Docker Hub's own sentence for its pull limit",
  seen: "docker/docs docker-hub/troubleshoot; hub-feedback#2505; \"as '<user>'\" since 2025",
};

/** The page that Docker Hub sends limited clients to. Others quote it in advice, so it never decides alone. */
export const DOCKER_HUB_LINK: Phrase = {
  pattern:
    /https?:\/\/(?:www\.)?docker\.com\/increase-rate-limits?\b|https?:\/\/docs\.docker\.com\/(?:docker-hub\/(?:download-rate-limit|usage)|go\/hub-pull-limits?)\b/i,
  says: "links to Docker's page about its pull limit",
  seen: "hub-feedback#1907 (2020) and every sentence since",
};

/** How Docker Hub's sentence begins when the text was cut inside it. No other registry is known to say so. */
export const DOCKER_HUB_SENTENCE_CUT: Phrase = {
  pattern:
    /toomanyrequests"?[:,]? ?(?:"?message"?: ?"?)?(you have r[a-z]*(?: y[a-z]*(?: [up][a-z]*(?: [pr][a-z]*(?: [rl][a-z]*(?: l[a-z]*)?)?)?)?)?)\W*$/i,
  says: "ends inside Docker Hub's sentence for its pull limit",
  seen: "amazon-ecs-agent cuts reasons at 255 characters",
};

/** Docker Hub's limit on all requests of an address; signing in does not lift it. */
export const DOCKER_HUB_ABUSE: Phrase = {
  pattern: /too many requests \(hap429\)?/i,
  says: "carries HAP429, the mark of Docker Hub's limit on all requests of an address",
  seen: "forums.docker.com 145136",
};

/** The daemon choked on a body that is only these words: Docker Hub's abuse limit, where Docker Hub was asked. */
export const PLAIN_BODY: Phrase = {
  pattern:
    /error parsing http 429 response body: invalid character 't' looking for beginning of value: "too many requests/i,
  says: 'quotes a 429 whose body is only "Too Many Requests"',
  seen: "forums.docker.com 145136",
};

/** Limits of other registries, by their own words. */
export const ANOTHER_LIMIT: readonly (Phrase & { readonly registry?: string })[] = [
  {
    pattern: /request exceeded pull rate limit for\b/i,
    says: "is Seqera Wave's sentence",
    seen: "seqeralabs/wave tests",
  },
  {
    pattern:
      /toomanyrequests: ?retry-after: ?[\d.]+ ?(?:[µμun]?s|ms|m|h)\b|\ballowed: ?\d+\/(?:second|minute|hour)/i,
    says: "is GitHub's container registry's sentence",
    seen: "alexklibisz/terraform-provider-terrifi#50",
    registry: "ghcr.io",
  },
  {
    pattern: /https?:\/\/aka\.ms\/(?:acr|mcr)\b/i,
    says: "links to Microsoft's page about its registries",
    seen: "microsoft/containerregistry#108",
  },
  {
    pattern: /quota exceeded for quota (?:metric|group)\b/i,
    says: "is Google Artifact Registry's sentence",
    seen: "GKE logs",
  },
  {
    pattern:
      /(?:toomanyrequests|throttlingexception|unknown|denied|429 too many requests)"?[:,-]? ?(?:"?message"?: ?"?)?(?:server message: )?(?:toomanyrequests: ?)?rate exceeded\b/i,
    says: "is Amazon ECR's sentence",
    seen: "Amazon ECR User Guide, common errors",
  },
  {
    pattern: /\bdata limit exceeded\b/i,
    says: "is Amazon ECR Public's sentence",
    seen: "public.ecr.aws, several issues",
  },
  {
    pattern: /\bupstreamtoomanyrequests\b/i,
    says: "is Amazon ECR's code for a pull-through cache whose upstream refused",
    seen: "ECR API, ImageFailureCode",
  },
  {
    pattern: /<title>\s*(?:error )?429\b|error 429 \(too many requests\)!!1/i,
    says: "quotes another registry's HTML page for 429",
    seen: "quay.io, gcr.io",
  },
];

/** Sign-in attempts are limited by name; it is the credentials that are at fault. */
export const SIGN_IN_LIMIT: Phrase = {
  pattern: /too many failed login attempts/i,
  says: "speaks of failed sign-ins",
  seen: "docker/docs troubleshoot: too many failed login attempts for username or IP address",
};

/** The registry error code, as code: not as part of a name (`acme/toomanyrequests:429`). */
export const LIMIT_CODE: Phrase = {
  pattern: /(?<![\w./@-])(?:"code": ?"toomanyrequests"|toomanyrequests:(?= |$)|toomanyrequests$)/i,
  says: "carries the registry error code toomanyrequests",
  seen: "distribution-spec, error codes",
};

/** Status 429 in a client's words, without saying who answered. */
export const LIMIT_STATUS: Phrase = {
  pattern:
    /429 too many requests|too many requests to registry|(?:http|status|code|response|status code|http status|response status)(?: code)?[:=]? ?\(?429\b|\(429\)|"status": ?429|\b429: too many requests|error parsing http 429 response/i,
  says: "quotes status 429",
  seen: "docker, containerd, containers/image, go-containerregistry",
};

/** Somebody's limit, in words that anyone may use. */
export const LIMIT_WORDS: Phrase = {
  pattern:
    /\btoo many requests\b|\b(?:pull )?rate[- ]?limit(?:s|ed|ing)? (?:has been |was )?(?:exceeded|reached)|\b(?:exceeded|reached) (?:the |your |its )?(?:\w+ ){0,3}rate limit|\brate limited\b/i,
  says: "speaks of too many requests",
  seen: "regclient, Traefik, gateways",
};

/** Limit words mean a pull only where a pull is spoken of: an application may be limited by its own API. */
export const PULL_CONTEXT =
  /cannotpull|\bpull|registry|manifest|error response from daemon|\/v2\/|toomanyrequests(?=:|")|\bimage\b|httpread|\bdocker:|errimage|invalid from flag|crane|skopeo|\bblob|server message|metadata for/i;

/** Failures and ends of a task that ECS names as such: whatever they quote, they are not a pull's. */
export const NOT_A_PULL: readonly Phrase[] = [
  {
    pattern:
      /^(?:the task (?:can|could)[^.]{0,80}\. )?(?:cannotstart|cannotcreate|cannotstop|cannotinspect|cannotdescribe|cannotgetdockerclient|cannotlist|cannotremove)\w*error\b/i,
    says: "names a failure after the pull",
    seen: "amazon-ecs-agent errors.go",
  },
  {
    pattern:
      /^outofmemoryerror\b|^dockertimeouterror\b|^dockerstateerror\b|^containerruntime(?:timeout)?error\b|^internalerror\b|^spotinterruptionerror\b|^credentialsfetch/i,
    says: "names a failure of the container or the agent",
    seen: "amazon-ecs-agent errors.go",
  },
  {
    pattern:
      /^essential container in task exited|^task ?(?:failed ?to ?start|stopped by user)\.?$|^stopped by user\b|^user (?:initiated|stopped)|^scaling activity initiated|^task failed (?:elb|container|load balancer) health checks|^\(service [^)]{1,300}\) (?:\([^)]{1,500}\) )?(?:\([^)]{1,300}\) )?(?:failed \w* ?health|is unhealthy|has started|has stopped)|^your spot task|^host ec2|^ecs is performing maintenance|^timeout waiting for|^service scheduler|^unexpected ec2 error|^.{0,80}\bhealth checks?\b/i,
    says: "is a message that ECS gives for other ends of a task",
    seen: "Amazon ECS Developer Guide, stopped task error codes",
  },
];

/** A pull that failed on the image or the machine, not on a registry. */
export const IMAGE_OR_MACHINE: Phrase = {
  pattern:
    /no space left on device|descriptor matching platform|no match(?:ing manifest)? for (?:platform|[a-z]+\/[a-z0-9]+)|no matching manifest|exec format error|no processor for media-type|failed to register layer|failed to extract layer|errimageneverpull|invalidimagename|invalid reference format|toomanylayers|unsupported media ?type|layers from manifest don't match|signature (?:validation|verification)/i,
  says: "names something wrong with the image or the machine",
  seen: "ECS and Batch logs",
};

/** Told again by kubelet, without a cause. */
export const WITHOUT_CAUSE =
  /^(?:error: )?(?:errimagepull|imagepullbackoff)\.?$|^back-off pulling image ["'][^"']{1,500}["']$/i;

export const UNAUTHORIZED: readonly Phrase[] = [
  {
    pattern: /authentication to the upstream registry failed|upstreamaccessdenied/i,
    says: "says that the pull-through cache could not sign in upstream",
    seen: "containers-roadmap#2354",
  },
  {
    pattern: /pull access denied|requested access to the resource is denied|insufficient_scope/i,
    says: "says that access to the repository is denied",
    seen: "Docker Engine, containerd",
  },
  {
    pattern:
      /no basic auth credentials|authentication required|incorrect username or password|invalid username\/password|authorization token (?:has )?expired|login attempt to|email (?:address )?must be verified|not logged in|cannotpullcontainerautherror/i,
    says: "says that the credentials were missing or refused",
    seen: "Docker Engine, amazon-ecs-agent errors.go",
  },
  {
    pattern:
      /\bunauthorized\b|\bunauthenticated request|401 unauthorized|(?<!not )\bforbidden\b|status(?: code)?:? 40[13]\b|\bunauthorized:/i,
    says: "quotes status 401 or 403",
    seen: "distribution-spec",
  },
  {
    pattern:
      /(?<!permission )\bdenied: |"code": ?"denied"|permission "[^"]{1,200}" denied|accessdenied|access denied|not authorized to perform|unrecognizedclient|expiredtoken|invalidsignature/i,
    says: "says that access is denied",
    seen: "distribution-spec; AWS APIs",
  },
];

/** Before a pull, the agent fetches secrets and registry credentials; what fails there is access, unless the network does. */
export const SECRETS_OR_AUTH: Phrase = {
  pattern:
    /resourceinitializationerror: ?unable to pull secrets or registry auth|unable to pull secrets or registry auth/i,
  says: "says that secrets or registry credentials could not be fetched",
  seen: "Amazon ECS Developer Guide, ResourceInitializationError",
};

export const NOT_FOUND: readonly Phrase[] = [
  {
    pattern:
      /manifest[_ ]unknown|name[_ ]unknown|blob[_ ]unknown|repositorynotfound|imagenotfound|no such (?:manifest|image)|\bmanifest (?:for )?[^ ]{0,400} ?not found|\brepository (?:name )?[^ ]{0,400} ?(?:not (?:found|known)|does not exist)|\bimage (?:[^ ]{1,400} )?(?:not found|does not exist)/i,
    says: "says that the image does not exist",
    seen: "distribution-spec, Docker Engine",
  },
  {
    pattern: /404 not found|status(?: code)?:? 404\b|api error \(404\)|: not found\b|\bnot found\.?$/i,
    says: "says that what was asked for was not found",
    seen: "containerd, ECS",
  },
];

export const NETWORK: readonly Phrase[] = [
  {
    pattern:
      /\bi\/o timeout|dial (?:tcp|udp|unix)|no such host|connection (?:refused|reset|timed out)|network is unreachable|no route to host|name resolution|server misbehaving|broken pipe|connection issue/i,
    says: "says that no connection was made or kept",
    seen: "Go's net package",
  },
  {
    pattern:
      /context deadline exceeded|client\.timeout|request canceled|context canceled|deadline exceeded|timed? ?out\b|timeout exceeded|handshake timeout/i,
    says: "says that the time ran out",
    seen: "Go's net/http",
  },
  {
    pattern:
      /: (?:unexpected )?eof\b|\bunexpected eof|\beof$|\btls: |x509: |certificate|stream error|http2: |proxyconnect|malformed http response|short read|failed to do request|requesterror: send request failed/i,
    says: "says that the connection broke",
    seen: "Go's net/http and crypto/tls",
  },
  {
    pattern:
      /\b50[0-4] (?:internal server error|bad gateway|service unavailable|gateway time-?out)|(?:status|status code|http status)(?: code)?:? 50[0-4]\b|bad gateway|service unavailable|gateway time-?out|internal server error|upstreamunavailable/i,
    says: "quotes a server's failure",
    seen: "containerd, Docker Engine",
  },
];

/** A content network's 403 is a blocked region or an expired link: the registry itself had said yes. */
export const CDN_FORBIDDEN: Phrase = {
  pattern:
    /https?:\/\/(?:production\.cloud(?:front|flare)\.docker\.com|[\w.-]{1,200}\.(?:r2\.cloudflarestorage\.com|cloudfront\.net)|prod-[\w.-]{1,100}-starport-layer-bucket[\w.-]{0,100})[^ ]{0,2000} ?:? ?403\b/i,
  says: "quotes a 403 of the content network",
  seen: "a README of 2026: regional blocking",
};

/** The errors that clients write around a pull that failed, whatever its cause. */
export const PULL_ERROR =
  /cannotpull\w*error|(?:failed|unable|back-off|error) (?:to )?pull(?:ing)? (?:and unpack )?image|errimagepull|imagepullbackoff|can'?t pull the image|pull access denied|failed to resolve ref|ref pull has been retried|unable to pull secrets or registry auth/i;
