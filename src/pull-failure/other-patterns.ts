/**
 * What registries and their clients say of failures other than limits: the image, access, absence, the network.
 *
 * As in `patterns.ts`, each row is a phrase with a fact, read against `plainText`.
 */

import type { Phrase } from "./patterns.ts";

/** A pull that failed on the image or the machine, not on a registry. */
export const IMAGE_OR_MACHINE: Phrase = {
  pattern:
    /no space left on device|descriptor matching platform|no match(?:ing manifest)? for (?:current )?(?:platform|[a-z]+\/[a-z0-9]+)|no matching manifest|exec format error|no processor for media-type|layer verification failed|failed to register layer|failed to extract layer|errimageneverpull|invalidimagename|invalid reference format|toomanylayers|unsupported media ?type|layers from manifest don't match|signature (?:validation|verification)/i,
  says: "names something wrong with the image or the machine",
  seen: "ECS and Batch logs",
};

/** Repeated by kubelet, without a cause. */
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
      /no basic auth credentials|authentication required|incorrect username or password|invalid username\/password|authorization token (?:has )?expired|login attempt to|email (?:address )?must be verified|not logged in|cannotpullcontainerautherror|credentials: not found|\bnocredentialproviders\b/i,
    says: "says that the credentials were missing or refused",
    seen: "Docker Engine, amazon-ecs-agent errors.go",
  },
  {
    pattern:
      /\bunauthorized\b|\bunauthenticated request|401 unauthorized|(?<!not )\bforbidden\b|(?:status(?: code)?|server error|http code):? 40[13]\b|\bhttp 40[13] response\b|\bunauthorized:/i,
    says: "quotes status 401 or 403",
    seen: "distribution-spec",
  },
  {
    pattern:
      /(?<!permission )\bdenied: |: denied(?=$|[\s"',;)\]}])|"code": ?"denied"|permission "[^"]{1,200}" denied|accessdenied|access denied|not authorized to perform|unrecognizedclient|expiredtoken|invalidsignature/i,
    says: "says that access is denied",
    seen: "distribution-spec; AWS APIs",
  },
];

/** Before a pull, the agent fetches secrets and registry credentials; what fails there is access, unless the network does. */
export const SECRETS_OR_AUTH: Phrase = {
  pattern: /unable to pull secrets\b|unable to pull (?:secrets or )?registry auth/i,
  says: "says that secrets or registry credentials could not be fetched",
  seen: "Amazon ECS Developer Guide, ResourceInitializationError",
};

/** The same name over all else that a task needs: a volume, a log group, an instance. */
export const RESOURCES: Phrase = {
  pattern: /(?<![\w./@-])resourceinitializationerror\b(?:: ?[^:]{1,80})?/i,
  says: "says that the task's resources could not be set up; no pull was tried",
  seen: "Amazon ECS Developer Guide, ResourceInitializationError",
};

/** A secret that was read, and does not hold what the task definition asks of it. */
export const SECRET_CONTENT: Phrase = {
  pattern:
    /did not contain json key|(?:\basm\b|secrets? manager|secrets or registry auth)[^<]{0,400}invalid character '(?!<)[^ ]{0,8}' looking for/i,
  says: "says that a secret does not hold what the task definition asks of it",
  seen: "amazon-ecs-agent asm.go; rileydakota/valheim-ecs-fargate-cdk#9",
};

export const NOT_FOUND: readonly Phrase[] = [
  {
    pattern:
      /manifest[_ ]unknown|name[_ ]unknown|blob[_ ]unknown|unknown (?:blob|manifest)\b|repositorynotfound|imagenotfound|no such (?:manifest|image)|\bmanifest (?:for )?[^ ]{0,400} ?not found|\brepository (?:name )?[^ ]{0,400} ?(?:not (?:found|known)|does not exist)|\b(?:image|artifact) (?:[^ ]{1,400} )?(?:not found|does not exist)|\btag [^ ]{1,200} not found\b|\b(?:image|manifest|blob) (?:[^ ]{1,80} )?[^ ]{1,400} could not be found\b/i,
    says: "says that the image does not exist",
    seen: "distribution-spec, Docker Engine",
  },
  {
    pattern:
      /404 not found|\bhttp 404 response\b|(?:status(?: code)?|server error|http code):? 404\b|api error \(404\)|: not found\b|\bnot found[."')\]}]*$/i,
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
      /context deadline exceeded|client\.timeout|request canceled|context canceled|deadline exceeded|timed? ?out\b|timeout exceeded|handshake timeout|: ?signal: ?killed$/i,
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
      /\b50[0-4] (?:internal server error|bad gateway|service unavailable|gateway time-?out)|(?:status|status code|http status)(?: code)?:? 50[0-4]\b|bad gateway|service unavailable|gateway time-?out|internal server error|\bhttp 50[0-4] response\b|upstreamunavailable/i,
    says: "quotes a server's failure",
    seen: "containerd, Docker Engine",
  },
];

/** The token's host was asked, and the text says no more: it is closed to the task, down, or has a limit of its own. */
export const NO_TOKEN: Phrase = {
  pattern: /failed to fetch (?:anonymous|oauth) token\.?$/i,
  says: "says that the registry's token service gave no token",
  seen: "containers-roadmap#1658",
};

/** A content network's 403 is a blocked region or an expired link: the registry itself had said yes. */
export const CDN_FORBIDDEN: Phrase = {
  pattern:
    /https?:\/\/(?:production\.cloud(?:front|flare)\.docker\.com|[\w.-]{1,200}\.(?:r2\.cloudflarestorage\.com|cloudfront\.net)|prod-[\w.-]{1,100}-starport-layer-bucket[\w.-]{0,100})[^ ]{0,2000} ?:? ?403\b/i,
  says: "quotes a 403 of the content network",
  seen: "a README of 2026: regional blocking",
};

/** Images that today's runtimes refuse, and machines that cannot run them: nothing at a registry changes that. */
export const UNFIT_IMAGE: readonly Phrase[] = [
  {
    // docs.docker.com/engine/deprecated (schema 1: disabled in 26, gone in 28.2); containerd 2.1 core/remotes/docker/schema1.
    pattern:
      /manifest\.v1\+(?:prettyjws|json)|\bschema ?(?:version:? ?)?1\b[^.]{0,80}(?:not supported|no longer supported|unsupported|disabled|deprecated|removed)|unsupported schema version:? ?1\b|image manifest version 2, schema 1/i,
    says: "says that the image has the old format schema 1, which this runtime no longer reads: it has to be built again",
    seen: "containerd 2.1, Docker Engine 26 and later",
  },
  {
    pattern:
      /windows version [\d.]{1,40}-based image is incompatible|no match(?:ing manifest)? for (?:platform )?windows\b|container operating system does not match the host|image operating system "?\w{1,40}"? cannot be used on this platform|cannot (?:download|pull) (?:linux|windows) images? on/i,
    says: "says that the image is for another operating system, or another build of Windows, than the host's",
    seen: "ministryofjustice/modernisation-platform-environments#427, microsoft/Windows-Containers#334",
  },
  {
    pattern: /unexpected media ?type ["']?[\w./+-]{1,120}/i,
    says: "says that what was served as the image is none: a mirror, a proxy or a portal may have answered",
    seen: "kubernetes-sigs/cri-tools#1137, containerd/nerdctl#3264",
  },
  {
    pattern:
      /content digest ["']?sha\d{3}:|(?<!\bmanifest |\bmanifest for |[@/\w])sha(?:256|512):[0-9a-f]{64,128}["']?:? not found\b|reader from content store|\bsnapshot [^ ]{1,200} does not exist|\blease [^ ]{1,200} (?:does not exist|not found)/i,
    says: "says that a part of the image is missing on the machine, not at its registry",
    seen: "containerd's content store and its errdefs; moby/moby#52411",
  },
];

/** Refusals that say why: no login changes them. */
export const REFUSED_BECAUSE: readonly (Phrase & { readonly kind: "network" | "unauthorized" })[] = [
  {
    kind: "network",
    pattern: /\bexport controls?\b|block all ip addresses that are located in/i,
    says: "is Docker Hub's refusal of addresses in countries under export control: this address counts as one",
    seen: "Docker Hub's page of 403",
  },
  {
    kind: "unauthorized",
    pattern: /\bpayment required\b|\b402 client error|(?:status|code)(?: code)?:? 402\b/i,
    says: "quotes status 402: the registry wants a paid plan, or a bill to be paid",
    seen: "RFC 9110, 15.5.3",
  },
  {
    kind: "unauthorized",
    pattern: /\bunavailable for legal reasons\b|\b451 client error|(?:status|code)(?: code)?:? 451\b/i,
    says: "quotes status 451: the registry may not serve the image, for legal reasons",
    seen: "RFC 7725",
  },
  {
    kind: "network",
    pattern:
      /server gave http response to https client|client sent an http request to an https server|first record does not look like a tls handshake/i,
    says: "says that one side spoke HTTP and the other HTTPS: the registry, or a proxy before it, has no TLS at this address",
    seen: "Go's net/http",
  },
  {
    kind: "network",
    pattern: /\b503 slow ?down\b|\bslowdown\b|reduce your request rate/i,
    says: "says that the storage behind the registry asked for fewer requests (503 Slow Down)",
    seen: "Amazon S3, error responses",
  },
];

/** The sum of what was tried: it decides only where the text has no other cause. */
export const NO_ENDPOINT: Phrase = {
  pattern:
    /no (?:available )?registry endpoints?\b|could not reach any registry\b|no endpoints? available for\b/i,
  says: "says that none of the registry's addresses could be used, and nothing more",
  seen: "containerd before 1.3, Docker Engine",
};
