/**
 * The fence: three ValidatingAdmissionPolicies by which the API server itself holds Repull to what it says that it does.
 *
 * One concerns requests of our account alone: in a pod it may change the images of containers that wait for a pull, by digest,
 * to allowed registries, with a note of each. The other concerns the index: our account alone writes it, by the same rule. The third is of the webhook's configuration (configuration-fence.ts).
 * `failurePolicy: Fail` therefore never touches another's pod. Every rule compares all members that it does not know, so that
 * a member that Kubernetes adds later is fenced too.
 *
 * Every parameter is text that is put in as it is. @param allowedRegistries a list in CEL of what allowed-images.ts describes:
 * `["public.ecr.aws/docker/library", "123456789012.dkr.ecr.eu-central-1.amazonaws.com"]`
 */

import { CONTAINER_PREFIX } from "../annotation.ts";
import { INDEX_API } from "../image-index.ts";
import { allowedVariables, IMAGE_BY_DIGEST } from "./allowed-images.ts";
import { configurationFence } from "./configuration-fence.ts";
import { sameBut } from "./same-but.ts";

type Fence = { readonly account: string; readonly allowedRegistries: string };

const PODS = "repull-pods";
const INDEX = "repull-index";

/** The policies, each with its binding. */
export function fencePolicies(fence: Fence) {
  return [podFence(fence), indexFence(fence), configurationFence(fence)].flatMap((policy) => [
    policy,
    bindingOf(policy.metadata.name),
  ]);
}

function podFence({ account, allowedRegistries }: Fence) {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: PODS },
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        matchPolicy: "Equivalent",
        // A pod gets its node by `pods/binding`, and by `bindings` as before there were subresources.
        resourceRules: [
          {
            apiGroups: [""],
            apiVersions: ["*"],
            operations: ["*"],
            resources: ["pods", "pods/*", "bindings"],
          },
        ],
      },
      matchConditions: [{ name: "repull", expression: `request.userInfo.username == "${account}"` }],
      variables: [
        { name: "notes", expression: "object.metadata.?annotations.orValue({})" },
        { name: "oldNotes", expression: "oldObject.metadata.?annotations.orValue({})" },
        { name: "containers", expression: containersOf("object") },
        { name: "oldContainers", expression: containersOf("oldObject") },
        {
          name: "changed",
          expression:
            "variables.containers.filter(c, variables.oldContainers.exists(o, o.name == c.name && o.image != c.image))",
        },
        ...allowedVariables(
          allowedRegistries,
          `variables.changed.map(c, c.image).filter(i, i.matches(${celText(IMAGE_BY_DIGEST)}))`,
        ),
        // Of a container that has not begun, kubelet may have said nothing yet; then it is not known to wait for a pull.
        {
          name: "waiting",
          expression: lines(
            "(oldObject.?status.?containerStatuses.orValue([]) + oldObject.?status.?initContainerStatuses.orValue([]))",
            `.filter(s, s.?state.?waiting.?reason.orValue("") in ${JSON.stringify(PULL_FAILURES)}).map(s, s.name)`,
          ),
        },
      ],
      validations: POD_RULES,
    },
  };
}

/** kubelet's reasons of a pull that failed: k8s.io/kubernetes v1.36.3, pkg/kubelet/images/types.go. */
const PULL_FAILURES = ["ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"];

/** What the pod's owner wrote: what is there now, or what the note that is there now says was. */
const WRITTEN = `(variables.oldNotes[?"${CONTAINER_PREFIX}" + c.name].orValue("") != ""
  && variables.notes[?"${CONTAINER_PREFIX}" + c.name].orValue("").startsWith(variables.oldNotes["${CONTAINER_PREFIX}" + c.name].split(" ")[0] + " ")
  ? variables.oldNotes["${CONTAINER_PREFIX}" + c.name].split(" ")[0]
  : variables.oldContainers.filter(o, o.name == c.name)[0].image)`;

const POD_RULES = [
  {
    expression: 'request.operation == "UPDATE" && request.?subResource.orValue("") == ""',
    message: "Repull updates pods, and nothing else of them",
    reason: "Forbidden",
  },
  {
    expression: sameBut("object", "oldObject", ["metadata", "spec", "status"]),
    message: "Repull changes no other member of a pod",
  },
  {
    expression: sameBut("object.metadata", "oldObject.metadata", [
      "annotations",
      "managedFields",
      "resourceVersion",
      "generation",
    ]),
    message: "Repull changes no metadata but its own annotations",
  },
  {
    expression: sameBut("object.spec", "oldObject.spec", ["containers", "initContainers"]),
    message: "Repull changes nothing of a pod's spec but images",
  },
  {
    expression: lines(
      "size(variables.containers) == size(variables.oldContainers)",
      "&& variables.containers.all(c, variables.oldContainers.exists(o, o.name == c.name",
      '  && size(c) == size(o) && c.all(k, k == "image" || (k in o && c[k] == o[k]))))',
    ),
    message: "Repull changes nothing of a container but its image",
  },
  {
    expression: "variables.changed.all(c, c.name in variables.waiting)",
    message: "Repull changes the image of a container only while it waits for a pull that failed",
  },
  {
    expression: lines(
      'variables.changed.all(c, c.image.matches("^[^@\\\\s]+@sha256:[0-9a-f]{64}$") && (',
      `  c.image.matches(${celText(IMAGE_BY_DIGEST)}) && !(c.image in variables.notAllowed)`,
      `  || c.image == ${WRITTEN} || c.image.startsWith(${WRITTEN} + "@sha256:")))`,
    ),
    message:
      "Repull writes images by digest only, of allowedRegistries or of the name that the pod's owner wrote",
  },
  {
    expression: lines(
      `variables.changed.all(c, variables.notes[?"${CONTAINER_PREFIX}" + c.name].orValue("").startsWith(${WRITTEN} + " sha256:"))`,
    ),
    message: "Repull records for each image that it changes what the pod's owner wrote",
  },
  {
    expression: lines(
      'variables.oldNotes.all(k, k in variables.notes) && variables.notes.all(k, variables.notes[k] == variables.oldNotes[?k].orValue("")',
      `  && k in variables.oldNotes || variables.changed.exists(c, k == "${CONTAINER_PREFIX}" + c.name))`,
    ),
    message: "Repull changes no annotation but those of the images that it changes",
  },
];

/** Containers that a pod begins with: an ephemeral one cannot be changed, and Repull adds none. */
function containersOf(object: string): string {
  return `${object}.spec.?containers.orValue([]) + ${object}.spec.?initContainers.orValue([])`;
}

function indexFence({ account, allowedRegistries }: Fence) {
  const { group, version, plural } = INDEX_API;
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: INDEX },
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        matchPolicy: "Equivalent",
        resourceRules: [
          {
            apiGroups: [group],
            apiVersions: [version],
            operations: ["CREATE", "UPDATE"],
            resources: [plural, `${plural}/*`],
          },
        ],
      },
      // That each is by digest, in the one form, is in the resource's schema, which the API server checks without a limit of cost.
      variables: allowedVariables(
        allowedRegistries,
        "object.spec.rows.filter(image, has(object.spec.rows[image].use)).map(image, object.spec.rows[image].use)",
      ),
      validations: [
        {
          expression: `request.userInfo.username == "${account}"`,
          message: "Repull's account alone writes its index of proved images",
          reason: "Forbidden",
        },
        {
          expression: "size(variables.notAllowed) == 0",
          message: "every use is an image of allowedRegistries",
        },
      ],
    },
  };
}

function bindingOf(policyName: string) {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: policyName },
    spec: { policyName, validationActions: ["Deny"] },
  };
}

/** A text in CEL, whose escapes are those of JSON. */
function celText(text: string): string {
  return JSON.stringify(text);
}

function lines(...all: readonly string[]): string {
  return all.join("\n");
}
