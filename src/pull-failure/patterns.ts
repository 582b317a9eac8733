/**
 * What registries and their clients say, and what follows from it.
 *
 * Each row is a phrase with a fact: never a single token, because every registry says `toomanyrequests` and `429`, and an
 * image may have that name. Rows are read against `plainText`.
 */

export type Phrase = {
  readonly pattern: RegExp;
  /** The fact, in words that can close the sentence "the text …". */
  readonly says: string;
  /** Where the wording was seen. */
  readonly seen: string;
};

/** Docker Hub's own sentence for its pull limit. "You have reached your" must open a clause: a guess within one does not count. */
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
    pattern: /request exceeded pull rate limit\b/i,
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
    says: "is the sentence of Amazon ECR and of Azure's registry",
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

/** A limit of an unknown registry, in words that any registry may use. */
export const LIMIT_WORDS: Phrase = {
  pattern:
    /\btoo many requests\b|\b(?:pull )?rate[- ]?limit(?:s|ed|ing)? (?:has been |was )?(?:exceeded|reached)|\b(?:exceeded|reached) (?:the |your |its )?(?:\w+ ){0,3}rate limit|\brate limited\b/i,
  says: "speaks of too many requests",
  seen: "regclient, Traefik, gateways",
};

/**
 * Limit words mean a pull only where a pull is spoken of: an application may be limited by its own API, a build by npm.
 * Read without the addresses: `registry` is part of other registries' hosts, too.
 */
export const PULL_CONTEXT =
  /\bstep \d{1,3}(?:\/\d{1,3})? ?: from\b|error parsing http \d{3} response|cannotpull|\bpull|(?<!\b(?:npm|package|provider|module|schema|gem|crate|plugin) )registry(?!\.(?:npmjs|yarnpkg|npmmirror|terraform|opentofu)\b)|manifest|error response from daemon|\/v2\/|toomanyrequests(?=:|")|\bimage\b|httpread|\bdocker:|errimage|invalid from flag|crane|skopeo|\bblob|server message|metadata for|(?:fetch|get|request)(?:ing)? (?:oauth|anonymous|bearer|auth) token/i;

/** What a log says once an image is there: whatever is limited after it is the container's or the build's own. */
export const AFTER_PULLED =
  /\bstatus: (?:downloaded newer image|image is up to date) for |\bsuccessfully pulled image |\balready present on machine\b|\bstep \d{1,3}(?:\/\d{1,3})? ?: run |\d\/\d{1,3}\] run |---> running in [0-9a-f]{12}\b|\busing docker image sha256:[0-9a-f]{1,64} for |\bwriting manifest to image destination\b|\bstoring signatures\b/gi;

/** What consoles, logs and documents write before ECS's words: `STOPPED (`, `"stoppedReason": "`, a log's time and level. */
export const OPENING =
  /^(?:[\s"'>{[|\\*,:-]|\((?!service )|\d{4}-\d\d-\d\d[t ][\d:.,z+-]{0,40}|(?:message|reason|stopped ?reason|status ?reason|stopped|error|err|warn(?:ing)?|info)["']? ?[:=|({[\\])+/i;

/** Failures that ECS names, each with a name of its own: whatever they quote, and whatever is written before them, they are not a pull's. */
export const AFTER_THE_PULL: Phrase = {
  pattern:
    /(?<![\w./@-])(?:cannot(?:start|create|stop|inspect|describe|getdockerclient|list|remove)\w{0,40}error|docker(?:timeout|state)error|containerruntime(?:timeout)?error)(?=:)/i,
  says: "names a failure after the pull",
  seen: "amazon-ecs-agent errors.go; nextflow-io/nextflow#3091 (`Essential container in task exited - CannotInspectContainerError: …`)",
};

/** A pull that failed, by ECS's own words: a message about the end of the task may come before it. */
export const NAMED_PULL = /(?<![\w./@-])cannotpull\w{0,40}error\b|unable to pull secrets or registry auth/i;

/** Failures and ends of a task that ECS names as such: whatever they quote, they are not a pull's. Read after `OPENING`. */
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
];

/** Ends of a task, in ECS's messages. Read after `OPENING`; they come before a container's reason where a tool joins the two. */
export const END_OF_TASK: Phrase = {
  pattern:
    /^essential container in task exited|^task ?(?:failed ?to ?start|stopped by user)\.?$|^stopped by user\b|^user (?:initiated|stopped)|^scaling activity initiated|^task failed (?:elb|container|load balancer) health checks|^\(?service [^)]{1,300}\) (?:\([^)]{1,500}\) )?(?:\([^)]{1,300}\) )?(?:failed \w* ?health|is unhealthy|has started|has stopped)|^\(?service .{1,500} is unhealthy in \(?target-group|^your spot task|^host ec2|^ecs is performing maintenance|^timeout waiting for|^service scheduler|^unexpected ec2 error|^.{0,80}\bhealth checks?\b/i,
  says: "is a message that ECS gives for other ends of a task",
  seen: "Amazon ECS Developer Guide, stopped task error codes",
};

/** A page for people, where a registry would answer in JSON: a mirror's, a proxy's or a portal's. */
export const HTML_PAGE: Phrase = {
  pattern:
    /invalid character '<' looking for|toomanyrequests: ?<|<(?:!doctype html|html|head|title|body)\b|\btoo many requests\)!!1/i,
  says: "quotes a page for people",
  seen: "mosn/htnn#832 (a mirror's page of nginx), ketches/registry-proxy#5 (Cloudflare's)",
};

/** Go writes the status text alone, without its number, where a proxy refuses to CONNECT: no registry has answered. */
export const PROXY_REFUSED: Phrase = {
  pattern:
    /\b(?:get|head|post|put) "?https:\/\/[^\s"]{1,2000}"?: (?:too many requests|proxy authentication required|forbidden|bad gateway|service unavailable|bad request|method not allowed|gateway timeout|internal server error)(?=[\s.]*$|["')\]]| ?(?:-{3}|>|\[|\d{4}-))/i,
  says: "quotes a proxy that refused the connection",
  seen: "Go's net/http, transport.go: the text of a CONNECT's status",
};

/** Steps of a pull, as clients name them where they quote no URL. Only manifests count against Docker Hub's pull limit. */
export const ASKED_FOR = {
  token:
    /failed to authorize|(?:failed to )?(?:fetch|get|obtain|retrieve|request)(?:ing)? (?:an? )?(?:oauth|anonymous|bearer|access|auth) token/gi,
  blobs:
    /(?:read|fetch|copy|gett?|download)(?:ing)? (?:a |the )?(?:blob|layer)\b|failed to copy blob|error pulling image configuration|download failed after attempts/gi,
  manifests: /(?:read|fetch|gett?|resolv)(?:e|ing)? (?:the )?manifest|\/manifests\/|\[manifests /gi,
} as const;

/** A sign-in with a login: too many of them that failed are refused by the same status. */
export const SIGN_IN = /\boauth token|refresh token|\/oauth2\/token|login attempt/i;

/** Exceptions with which AWS's APIs throttle. ECR's registry, which is also one of them, has words of its own. */
export const AWS_THROTTLED: Phrase = {
  pattern:
    /\b(?:throttling(?:exception)?|throttled(?:exception)?|requestlimitexceeded|requestthrottled(?:exception)?|toomanyrequestsexception|provisionedthroughputexceededexception)\b|\brate exceeded\b/i,
  says: "names an API of AWS that turned requests away",
  seen: "repost.aws/knowledge-center/ssm-parameter-store-rate-exceeded; copilot-cli tests",
};

/** Services of AWS that a task's start needs in addition to its registry. */
export const AWS_SERVICE =
  /\b(?:from|to|in|for|by) (?:ssm|asm)\b|\bssm\b|parameter store|secrets ?manager|arn:aws[a-z-]{0,16}:(?:ssm|secretsmanager|kms|sts|logs|s3|elasticfilesystem):|\bgetparameters?\b|\bgetsecretvalue\b|\bassumerole\b|\b(?:aws)?kms\b|\bsts\b|cloudwatch|\bawslogs\b|elasticfilesystem|environment file/i;

/** ECR's own limit, of its registry and of its API (Amazon ECR User Guide, common errors). */
export const ECR_THROTTLES = /\brate exceeded\b|\bthrottling(?:exception)?\b/i;

/** ECR as the one that was asked. */
export const ECR_ASKED = /\becr\b|cannotpullecr|\.dkr[.-]ecr\.|getauthorizationtoken/i;

/** The errors that clients write around a pull that failed, whatever its cause. */
export const PULL_ERROR =
  /cannotpull\w*error|(?:failed|unable|back-off|error) (?:to )?pull(?:ing)? (?:and unpack )?image|errimagepull|imagepullbackoff|can'?t pull the image|pull access denied|failed to resolve ref|ref pull has been retried|unable to pull secrets or registry auth/i;
