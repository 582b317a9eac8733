/**
 * Which images Repull may put into a pod: those of the registries, and of the repositories in registries, that the chart's
 * `allowedRegistries` name. The controller asks `isAllowedBy`; the fence has the same rule in CEL.
 *
 * An entry is a registry's host, or a host with the beginning of a repository's path: `public.ecr.aws/docker/library`. The host
 * has to be equal, its port included; of the path, whole segments. What is compared is text, so both sides have one
 * form first: a name that a registry could read in another way (`..`, an empty segment, capitals, other letters) is none.
 *
 * The expressions are read by JavaScript, by Go (Helm's schema, the API server's schemas) and by CEL, which is RE2: they have
 * nothing that these read in different ways.
 */

const LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
const PORT = ":[0-9]{1,5}";
/** Without a dot or a port, the first part of a name is a user of Docker Hub (distribution/reference, splitDockerDomain). */
const HOST = `(?:(?:localhost|${LABEL}(?:\\.${LABEL})+)(?:${PORT})?|${LABEL}${PORT})`;
const SEGMENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";

/** An entry of `allowedRegistries`. */
export const ALLOWED_ENTRY = `^${HOST}(?:/${SEGMENT})*$`;

/** An image by digest, with its registry: the only form in which a substitute is written. */
export const IMAGE_BY_DIGEST = `^${HOST}(?:/${SEGMENT})+(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?@sha256:[0-9a-f]{64}$`;

const entry = new RegExp(ALLOWED_ENTRY);
const imageByDigest = new RegExp(IMAGE_BY_DIGEST);

export function isAllowedEntry(text: string): boolean {
  return entry.test(text);
}

/** @param allowed undefined: nothing bounds it but the form @param image with its digest */
export function isAllowedBy(allowed: readonly string[] | undefined, image: string): boolean {
  if (!imageByDigest.test(image)) return false;
  if (allowed === undefined) return true;
  return allowed.some(
    (one) => image.startsWith(`${one}/`) || (one.includes("/") && /^[:@]/.test(restAfter(one, image))),
  );
}

function restAfter(beginning: string, image: string): string {
  return image.startsWith(beginning) ? image.slice(beginning.length) : "";
}

type Variable = { readonly name: string; readonly expression: string };

/** The most entries that there may be. */
export const ALLOWED_MAX = 50;
const ENTRIES_OF_A_STEP = 10;

/**
 * Variables of a policy whose last, `notAllowed`, has those of the images that no entry allows. The form of the images
 * (`IMAGE_BY_DIGEST`) is for the caller to check: of thousands of rows a schema does that without a limit of cost.
 *
 * The API server ends an expression that costs too much (k8s.io/apiserver v0.36.3, pkg/apis/cel/config.go, PerCallLimit), and
 * each variable is an expression: so hosts are looked up first, and entries with a path are compared a few at a time, each
 * step with what those before it have left.
 * @param allowedRegistries a list of entries in CEL, put in as it is @param images a list of texts in CEL
 */
export function allowedVariables(allowedRegistries: string, images: string): readonly Variable[] {
  const steps = Array.from({ length: ALLOWED_MAX / ENTRIES_OF_A_STEP }, (_, at): Variable[] => {
    const from = at * ENTRIES_OF_A_STEP;
    const place = "variables.allowedRepositories.indexOf(r)";
    const isOfStep = `${place} >= ${from} && ${place} < ${from + ENTRIES_OF_A_STEP}`;
    const isLast = from + ENTRIES_OF_A_STEP === ALLOWED_MAX;
    return [
      { name: `allowed${at}`, expression: `variables.allowedRepositories.filter(r, ${isOfStep})` },
      {
        name: isLast ? "notAllowed" : `images${at + 1}`,
        expression: lines(
          `variables.images${at}.filter(i, !variables.allowed${at}.exists(r, i.startsWith(r)`,
          '  && i.substring(size(r), size(r) + 1) in ["/", ":", "@"]))',
        ),
      },
    ];
  });
  return [
    { name: "allowedRegistries", expression: allowedRegistries },
    { name: "allowedRepositories", expression: 'variables.allowedRegistries.filter(r, r.contains("/"))' },
    {
      name: "images0",
      expression: `(${images}).filter(i, !(i.split("/")[0] in variables.allowedRegistries))`,
    },
    ...steps.flat(),
  ];
}

function lines(...all: readonly string[]): string {
  return all.join("\n");
}
