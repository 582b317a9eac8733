/**
 * `answerFor` (answer-for.ts) in CEL: the variables and the patch of the policy that swaps images.
 *
 * A *site* is a place where the pod names an image: its path, the key of its note (the annotation; an ephemeral container has
 * none, since the API server drops metadata there), the image, the pull policy, and the image before this request.
 */

import { CONTAINER_PREFIX, VOLUME_PREFIX } from "../annotation.ts";
import { MODE_LABEL } from "../mode.ts";

type ContainerList = "containers" | "initContainers" | "ephemeralContainers";

/** An UPDATE that changes no image is nothing to us: most are of labels, finalizers and the like. */
const HAS_NEW_IMAGE = (["containers", "initContainers", "ephemeralContainers"] as const)
  .map((list) => `${imagesOf("object", list)} != ${imagesOf("oldObject", list)}`)
  .join(" || ");

function imagesOf(object: "object" | "oldObject", list: ContainerList): string {
  return `${object}.spec.?${list}.orValue([]).map(c, c.?image.orValue(""))`;
}

function sitesOf(list: ContainerList): string {
  const key = list === "ephemeralContainers" ? '""' : `"${CONTAINER_PREFIX}" + variables.${list}[i].name`;
  return lines(
    `lists.range(size(variables.${list})).map(i, {`,
    `  "path": "/spec/${list}/" + string(i) + "/image",`,
    `  "key": ${key},`,
    `  "image": string(variables.${list}[i].?image.orValue("")),`,
    `  "pull": string(variables.${list}[i].?imagePullPolicy.orValue("")),`,
    `  "old": request.operation == "CREATE" ? "" : oldObject.spec.?${list}.orValue([])`,
    `    .filter(o, o.name == variables.${list}[i].name).map(o, o.?image.orValue("")).join()`,
    "})",
  );
}

// A volume's image cannot change in a pod that is there.
const VOLUME_SITES = lines(
  'request.operation != "CREATE" ? [] : lists.range(size(variables.volumes)).filter(i, has(variables.volumes[i].image)).map(i, {',
  '  "path": "/spec/volumes/" + string(i) + "/image/reference",',
  `  "key": "${VOLUME_PREFIX}" + variables.volumes[i].name,`,
  '  "image": string(variables.volumes[i].image.?reference.orValue("")),',
  '  "pull": string(variables.volumes[i].image.?pullPolicy.orValue("")),',
  '  "old": ""',
  "})",
);

const NOTE_OF_SITE = lines(
  's.image + " " + (has(variables.rows[s.image].trusted)',
  '  ? variables.rows[s.image].trusted.digest + " " + variables.rows[s.image].proof + " " + variables.rows[s.image].trusted.from',
  '  : variables.rows[s.image].use.split("@")[1] + " " + variables.rows[s.image].proof + " none")',
  '  + " " + variables.rows[s.image].askedAt',
);

/** The words of a note after its image: annotation.ts. */
const NOTE_FORM = "sha256:[0-9a-f]{64} [^ ]+ [^ ]+ [^ ]+$";

/** Each may name those before it. */
export const VARIABLES: readonly { readonly name: string; readonly expression: string }[] = [
  { name: "rows", expression: "params.spec.rows" },
  { name: "notes", expression: "object.metadata.?annotations.orValue({})" },
  {
    name: "oldNotes",
    expression: 'request.operation == "CREATE" ? {} : oldObject.metadata.?annotations.orValue({})',
  },
  { name: "containers", expression: "object.spec.?containers.orValue([])" },
  { name: "initContainers", expression: "object.spec.?initContainers.orValue([])" },
  { name: "ephemeralContainers", expression: "object.spec.?ephemeralContainers.orValue([])" },
  { name: "volumes", expression: "object.spec.?volumes.orValue([])" },
  {
    name: "isConcerned",
    expression: lines(
      'request.operation == "CREATE"',
      '? (variables.containers + variables.initContainers).exists(c, c.?image.orValue("") in variables.rows)',
      '  || variables.volumes.exists(v, v.?image.?reference.orValue("") in variables.rows)',
      `: ${HAS_NEW_IMAGE}`,
    ),
  },
  {
    name: "times",
    expression: "object.metadata.?managedFields.orValue([]).filter(f, has(f.time)).map(f, timestamp(f.time))",
  },
  // The times are whole seconds, rounded down.
  { name: "now", expression: 'variables.times.max() + duration("1s")' },
  {
    name: "sites",
    expression: lines(
      'request.?subResource.orValue("") == "ephemeralcontainers" ?',
      sitesOf("ephemeralContainers"),
      `: ${sitesOf("containers")}`,
      `+ ${sitesOf("initContainers")}`,
      `+ (${VOLUME_SITES})`,
    ),
  },
  // 256 KiB of annotations are allowed (k8s.io/apimachinery, pkg/api/validation, TotalAnnotationSizeLimitB); a note has under 1,000 bytes.
  {
    name: "mayWrite",
    expression: lines(
      "size(variables.times) > 0",
      `&& namespaceObject.metadata.?labels[?"${MODE_LABEL}"].orValue("remediate") == "remediate"`,
      "&& variables.notes.map(k, size(bytes(k)) + size(bytes(variables.notes[k]))).sum() + 1000 * size(variables.sites) <= 262144",
    ),
  },
  // Neither what this request leaves as it was, nor what an index object before this one or an earlier run has put there. An
  // ephemeral container has no note that would tell: one that is written by digest is left.
  {
    name: "fresh",
    expression: lines(
      'variables.sites.filter(s, s.image != "" && s.image != s.old && !(',
      '  s.image.contains("@sha256:") && (s.key == "" || s.key in variables.notes && !variables.notes[s.key].startsWith(s.image + " ")',
      `  && variables.notes[s.key].matches("^.+ ${NOTE_FORM}") && variables.notes[s.key] != variables.oldNotes[?s.key].orValue(""))))`,
    ),
  },
  // The written name over its own swap, as `kubectl apply` of a bare pod puts it: the swap stays, and the container runs on.
  {
    name: "kept",
    expression: lines(
      'request.operation == "CREATE" ? [] : variables.fresh.filter(s, s.old.contains("@sha256:")',
      '  && variables.oldNotes[?s.key].orValue("").startsWith(s.image + " sha256:")',
      `  && variables.oldNotes[s.key].substring(size(s.image) + 1).matches("^${NOTE_FORM}"))`,
    ),
  },
  {
    name: "swapped",
    expression: lines(
      "variables.fresh.filter(s, s.image in variables.rows && !variables.kept.exists(k, k.path == s.path)",
      "  && has(variables.rows[s.image].use) && has(variables.rows[s.image].proof) && variables.rows[s.image].use != s.image",
      "  && timestamp(variables.rows[s.image].goodUntil) > variables.now",
      '  && s.pull != "Never"',
      '  && (s.pull != "Always" || variables.now - timestamp(variables.rows[s.image].askedAt) < duration("60s"))',
      "  && (has(variables.rows[s.image].trusted)",
      '    ? (variables.rows[s.image].proof != "same-index" || variables.rows[s.image].use.endsWith("@" + variables.rows[s.image].trusted.digest))',
      '      && (!s.image.contains("@") || s.image.endsWith("@" + variables.rows[s.image].trusted.digest))',
      '    : variables.rows[s.image].proof in ["same-publisher", "operator-override"]))',
    ),
  },
  // The note of a swap whose image this request replaces by another that is not swapped.
  {
    name: "stale",
    expression: lines(
      'request.operation == "CREATE" ? [] : variables.fresh.filter(s, s.key in variables.notes && s.key in variables.oldNotes',
      "  && variables.notes[s.key] == variables.oldNotes[s.key]",
      "  && !(variables.kept + variables.swapped).exists(k, k.path == s.path))",
    ),
  },
];

/**
 * Ends an evaluation by an error, which `failurePolicy: Ignore` passes over. It is the one way to change nothing that costs
 * nothing: after an empty patch the API server writes the pod as JSON, reads it strictly, sets its defaults, takes it for
 * changed and runs every admission plugin again (kube-apiserver 1.36.3, patch/json_patch.go, mutating/dispatcher.go). And it is
 * still asked again when a webhook has injected a container, which it would not be after a match condition that is false.
 */
const NOTHING = "optional.none().value()";

/** Names only what the pod was seen to have, in the order in which it comes to be. */
export const PATCH = lines(
  "!variables.isConcerned || !variables.isOpen || !variables.mayWrite",
  "|| size(variables.kept) + size(variables.swapped) + size(variables.stale) == 0",
  `? ${NOTHING} :`,
  '(has(object.metadata.annotations) || !(variables.kept + variables.swapped).exists(s, s.key != "") ? [] :',
  '  [JSONPatch{op: "add", path: "/metadata/annotations", value: {} }])',
  '+ variables.swapped.map(s, JSONPatch{op: "replace", path: s.path, value: variables.rows[s.image].use})',
  '+ variables.swapped.filter(s, s.key != "").map(s, JSONPatch{op: "add",',
  `    path: "/metadata/annotations/" + jsonpatch.escapeKey(s.key), value: ${NOTE_OF_SITE}})`,
  '+ variables.kept.map(s, JSONPatch{op: "replace", path: s.path, value: s.old})',
  '+ variables.kept.map(s, JSONPatch{op: "add",',
  '    path: "/metadata/annotations/" + jsonpatch.escapeKey(s.key), value: variables.oldNotes[s.key]})',
  '+ variables.stale.map(s, JSONPatch{op: "remove", path: "/metadata/annotations/" + jsonpatch.escapeKey(s.key)})',
);

function lines(...all: readonly string[]): string {
  return all.join("\n");
}
