/**
 * `answerFor` (answer-for.ts) in CEL: the variables and the patch of the policy that swaps images.
 *
 * A *site* is a place where the pod names an image: its path, the key of its note (the annotation; an ephemeral container has
 * none, since the API server drops metadata there), the image, the pull policy, and the image before this request.
 */

import { CONTAINER_PREFIX, VOLUME_PREFIX } from "../annotation.ts";
import { MODE_LABEL } from "../mode.ts";

type ContainerList = "containers" | "initContainers" | "ephemeralContainers";

const ROWS = "params.spec.rows";
const ROW = `${ROWS}[s.image]`;
/** Left out where it is the digest of `use`: image-index.ts. */
const TRUSTED_DIGEST = `${ROW}.trusted.?digest.orValue(${ROW}.use.split("@")[1])`;
const NOTES = "object.metadata.?annotations.orValue({})";
const OLD_NOTES = "oldObject.metadata.?annotations.orValue({})";
const IS_CREATE = 'request.operation == "CREATE"';

function imagesOf(object: "object" | "oldObject", list: ContainerList): string {
  return `${object}.spec.?${list}.orValue([]).map(c, c.?image.orValue(""))`;
}

function namesRow(list: ContainerList): string {
  return `object.spec.?${list}.orValue([]).exists(c, c.?image.orValue("") in ${ROWS})`;
}

/**
 * The one look that ends most evaluations. A new pod has an image that this index object knows. An UPDATE that changes no image is
 * nothing to us: most are of labels, finalizers and the like.
 */
const IS_CONCERNED = lines(
  `(${IS_CREATE}`,
  `? ${namesRow("containers")} || ${namesRow("initContainers")}`,
  `  || object.spec.?volumes.orValue([]).exists(v, v.?image.?reference.orValue("") in ${ROWS})`,
  `: ${(["containers", "initContainers", "ephemeralContainers"] as const)
    .map((list) => `${imagesOf("object", list)} != ${imagesOf("oldObject", list)}`)
    .join(" || ")})`,
);

function sitesOf(list: ContainerList): string {
  const key = list === "ephemeralContainers" ? '""' : `"${CONTAINER_PREFIX}" + object.spec.${list}[i].name`;
  return lines(
    `lists.range(size(object.spec.?${list}.orValue([]))).map(i, {`,
    `  "path": "/spec/${list}/" + string(i) + "/image",`,
    `  "key": ${key},`,
    `  "image": string(object.spec.${list}[i].?image.orValue("")),`,
    `  "pull": string(object.spec.${list}[i].?imagePullPolicy.orValue("")),`,
    `  "old": ${IS_CREATE} ? "" : oldObject.spec.?${list}.orValue([])`,
    `    .filter(o, o.name == object.spec.${list}[i].name).map(o, o.?image.orValue("")).join()`,
    "})",
  );
}

// A volume's image cannot change in a pod that is there.
const VOLUME_SITES = lines(
  `!(${IS_CREATE}) ? [] : lists.range(size(object.spec.?volumes.orValue([]))).filter(i, has(object.spec.volumes[i].image)).map(i, {`,
  '  "path": "/spec/volumes/" + string(i) + "/image/reference",',
  `  "key": "${VOLUME_PREFIX}" + object.spec.volumes[i].name,`,
  '  "image": string(object.spec.volumes[i].image.?reference.orValue("")),',
  '  "pull": string(object.spec.volumes[i].image.?pullPolicy.orValue("")),',
  '  "old": ""',
  "})",
);

const NOTE_OF_SITE = lines(
  `s.image + " " + ${ROW}.?trusted.?digest.orValue(${ROW}.use.split("@")[1])`,
  `  + " " + ${ROW}.proof + " " + ${ROW}.?trusted.?from.orValue("none") + " " + ${ROW}.askedAt`,
);

/** The words of a note after its image: annotation.ts. */
const NOTE_FORM = "sha256:[0-9a-f]{64} [^ ]+ [^ ]+ [^ ]+$";
const WORDS_OF_NOTE = "oldObject.metadata.annotations[s.key].substring(size(s.image) + 1)";

/**
 * Each may name those before it. A variable is a program of its own, whose start takes the API server 3 kB of memory (cel-go's
 * cost tracker). So only what is used more than once is a variable, and a pod that is left needs no variable at all.
 */
export const VARIABLES: readonly { readonly name: string; readonly expression: string }[] = [
  // The times are whole seconds, rounded down.
  {
    name: "now",
    expression:
      'object.metadata.managedFields.filter(f, has(f.time)).map(f, timestamp(f.time)).max() + duration("1s")',
  },
  // Neither what this request leaves as it was, nor what an index object before this one or an earlier run has put there. An
  // ephemeral container has no note that would say so: one that is written by digest is left.
  {
    name: "fresh",
    expression: lines(
      '(request.?subResource.orValue("") == "ephemeralcontainers" ?',
      sitesOf("ephemeralContainers"),
      `: ${sitesOf("containers")}`,
      `+ ${sitesOf("initContainers")}`,
      `+ (${VOLUME_SITES}))`,
      '.filter(s, s.image != "" && s.image != s.old && !(',
      `  s.image.contains("@sha256:") && (s.key == "" || s.key in ${NOTES} && !object.metadata.annotations[s.key].startsWith(s.image + " ")`,
      `  && object.metadata.annotations[s.key].matches("^.+ ${NOTE_FORM}")`,
      `  && (${IS_CREATE} || object.metadata.annotations[s.key] != ${OLD_NOTES}[?s.key].orValue("")))))`,
    ),
  },
  // The written name over its own swap, as `kubectl apply` of a bare pod puts it: the swap stays, and the container runs on. A
  // note that was copied with another image is not of that one (`noteAbout`, annotation.ts).
  {
    name: "kept",
    expression: lines(
      `${IS_CREATE} ? [] : variables.fresh.filter(s, s.old.matches("@sha256:[0-9a-f]{64}$")`,
      `  && ${OLD_NOTES}[?s.key].orValue("").startsWith(s.image + " sha256:")`,
      `  && ${WORDS_OF_NOTE}.matches("^${NOTE_FORM}")`,
      `  && (!${WORDS_OF_NOTE}.contains(" same-index ") || s.old.endsWith("@" + ${WORDS_OF_NOTE}.split(" ")[0])))`,
    ),
  },
  {
    name: "swapped",
    expression: lines(
      `variables.fresh.filter(s, s.image in ${ROWS} && (${IS_CREATE} || !variables.kept.exists(k, k.path == s.path))`,
      `  && has(${ROW}.use) && has(${ROW}.proof) && ${ROW}.use != s.image`,
      `  && timestamp(${ROW}.goodUntil) > variables.now`,
      '  && s.pull != "Never"',
      `  && (s.pull != "Always" || variables.now - timestamp(${ROW}.askedAt) < duration("60s")`,
      `    && timestamp(${ROW}.askedAt) - variables.now < duration("60s"))`,
      `  && (has(${ROW}.trusted)`,
      `    ? (${ROW}.proof != "same-index" || ${ROW}.use.endsWith("@" + ${TRUSTED_DIGEST}))`,
      `      && (!s.image.contains("@") || s.image.endsWith("@" + ${TRUSTED_DIGEST}))`,
      `    : ${ROW}.proof in ["same-publisher", "operator-override"]))`,
    ),
  },
  // The note of a swap whose image this request replaces by another that is not swapped.
  {
    name: "stale",
    expression: lines(
      `${IS_CREATE} ? [] : variables.fresh.filter(s, s.key in ${NOTES} && s.key in ${OLD_NOTES}`,
      "  && object.metadata.annotations[s.key] == oldObject.metadata.annotations[s.key]",
      "  && !(variables.kept + variables.swapped).exists(k, k.path == s.path))",
    ),
  },
];

// 256 KiB of annotations are allowed (k8s.io/apimachinery, pkg/api/validation, TotalAnnotationSizeLimitB); a note has under 1,000 bytes.
const MAY_WRITE = lines(
  "object.metadata.?managedFields.orValue([]).exists(f, has(f.time))",
  `&& namespaceObject.metadata.?labels[?"${MODE_LABEL}"].orValue("remediate") == "remediate"`,
  `&& ${NOTES}.map(k, size(bytes(k)) + size(bytes(object.metadata.annotations[k]))).sum()`,
  "  + 1000 * size(variables.fresh) <= 262144",
);

/**
 * Ends an evaluation by an error, which `failurePolicy: Ignore` passes over. It is the one way to change nothing that costs
 * nothing: after an empty patch the API server writes the pod as JSON, reads it strictly, sets its defaults, takes it for
 * changed and runs every admission plugin again (kube-apiserver 1.36.3, patch/json_patch.go, mutating/dispatcher.go). And it is
 * still asked again when a webhook has injected a container, which it would not be after a match condition that is false.
 */
const NOTHING = "optional.none().value()";

const ADDS_ANNOTATIONS = '[JSONPatch{op: "add", path: "/metadata/annotations", value: {} }]';
const PATH_OF_NOTE = '"/metadata/annotations/" + jsonpatch.escapeKey(s.key)';
const SWAPS = lines(
  `variables.swapped.map(s, JSONPatch{op: "replace", path: s.path, value: ${ROW}.use})`,
  `+ variables.swapped.filter(s, s.key != "").map(s, JSONPatch{op: "add", path: ${PATH_OF_NOTE}, value: ${NOTE_OF_SITE}})`,
);

/**
 * Names only what the pod was seen to have, in the order in which it comes to be.
 * @param isOpen whether the pod is one that may be changed, in CEL
 */
export function swapPatch(isOpen: string): string {
  return lines(
    `!(${IS_CONCERNED}) || !(${isOpen}) || !(${MAY_WRITE})`,
    `|| size(variables.swapped) == 0 && (${IS_CREATE} || size(variables.kept) + size(variables.stale) == 0)`,
    `? ${NOTHING} :`,
    `${IS_CREATE} ? (has(object.metadata.annotations) ? [] : ${ADDS_ANNOTATIONS}) + ${SWAPS} :`,
    '(has(object.metadata.annotations) || !(variables.kept + variables.swapped).exists(s, s.key != "") ? [] :',
    `  ${ADDS_ANNOTATIONS})`,
    `+ ${SWAPS}`,
    '+ variables.kept.map(s, JSONPatch{op: "replace", path: s.path, value: s.old})',
    `+ variables.kept.map(s, JSONPatch{op: "add", path: ${PATH_OF_NOTE}, value: oldObject.metadata.annotations[s.key]})`,
    `+ variables.stale.map(s, JSONPatch{op: "remove", path: ${PATH_OF_NOTE}})`,
  );
}

function lines(...all: readonly string[]): string {
  return all.join("\n");
}
