/** Which kind of file this is: by its name where the name says it, else by what is in it. Pure, and quick to say no. */

import { isMembers, membersOf } from "../../runtime/json.ts";
import type { SourceDocument } from "./documents/document.ts";
import type { FileKind } from "./found-image.ts";
import { hasGitlabJob } from "./readers/gitlab-ci.ts";
import { isContainerList } from "./readers/task-definition.ts";

/** What has to be read to know more; undefined: nothing that a check knows has such a name. */
export type Syntax = "dockerfile" | "hcl" | "yaml" | "json";

/** `Dockerfile.py` is the Dockerfile for Python, or a program: what is in it says which. */
const NO_DOCKERFILE = /\.(?:dockerignore|md|txt|lock|log|html|toml|j2|tmpl|tpl|template)$/i;

export function syntaxOf(path: string): Syntax | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (/\.ya?ml$/.test(name)) return "yaml";
  if (/\.(?:json|template)$/.test(name)) return "json";
  if (/(?:^|[-._])bake[-._a-z0-9]*\.hcl$/.test(name)) return "hcl";
  if (/(?:^|[-._])(?:docker|container)file(?:$|[-._])/.test(name) && !NO_DOCKERFILE.test(name))
    return "dockerfile";
  return undefined;
}

/** Whether the text can name an image at all: most files of YAML and JSON end here, unparsed. */
export function mayNameImages(text: string): boolean {
  return /image|\bservices\b|docker|container|\bpodman|\bcrane|\bskopeo/i.test(text);
}

/** The kind of a document; undefined: none that a check knows. */
export function kindOf(document: SourceDocument, path: string): FileKind | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const { value } = document;
  if (Array.isArray(value)) {
    const isList =
      isContainerList(value) || value.some((one) => Array.isArray(membersOf(one).containerDefinitions));
    return isList ? "task-definition" : undefined;
  }
  if (!isMembers(value)) return undefined;
  const members = value;
  const has = (...keys: readonly string[]): boolean => keys.every((key) => Object.hasOwn(members, key));
  if (/^kustomization\.ya?ml$/.test(name) || members.kind === "Kustomization" || members.kind === "Component")
    return String(members.apiVersion ?? "kustomize").startsWith("kustomize") ? "kustomize" : "kubernetes";
  if (typeof members.apiVersion === "string" && typeof members.kind === "string") return "kubernetes";
  if (isTemplate(members)) return isFromCdk(members) ? "cdk" : "cloudformation";
  if (has("format_version") && (has("planned_values") || has("values"))) return "terraform-plan";
  if (Array.isArray(members.containerDefinitions)) return "task-definition";
  if (Array.isArray(membersOf(members.taskDefinition).containerDefinitions)) return "task-definition";
  if (/(?:^|[-._])bake[-._a-z0-9]*\.json$/.test(name) || (isMembers(members.target) && has("group")))
    return "bake";
  if (/(?:^|\/)\.github\/workflows\/[^/]+$/.test(path) || (has("on", "jobs") && isWorkflow(members.jobs)))
    return "github-actions";
  if (/^action\.ya?ml$/.test(name) && isMembers(members.runs)) return "github-actions";
  if (isCompose(members, name)) return "compose";
  if (/^buildspec.*\.ya?ml$/.test(name) || (has("version", "phases") && isMembers(members.phases)))
    return "codebuild";
  if (/\.gitlab-ci\.ya?ml$/.test(name) || hasGitlabJob(members)) return "gitlab-ci";
  return undefined;
}

const PICTURE = /\.(?:png|jpe?g|svg|webp|gif|avif|ico)$/i;

function isTemplate({ Resources, AWSTemplateFormatVersion }: Readonly<Record<string, unknown>>): boolean {
  if (!isMembers(Resources)) return false;
  if (AWSTemplateFormatVersion !== undefined) return true;
  return Object.values(Resources).some((one) => /^(?:AWS|Custom)::/.test(String(membersOf(one).Type)));
}

function isFromCdk({ Resources }: Readonly<Record<string, unknown>>): boolean {
  return Object.values(membersOf(Resources)).some(
    (one) => membersOf(membersOf(one).Metadata)["aws:cdk:path"] !== undefined,
  );
}

/** GitHub needs one of them in each job. */
function isWorkflow(jobs: unknown): boolean {
  return Object.values(membersOf(jobs)).some((job) => {
    const { "runs-on": machine, uses, steps } = membersOf(job);
    return machine !== undefined || uses !== undefined || Array.isArray(steps);
  });
}

/** https://docs.docker.com/reference/compose-file (read 2026-11): Compose refuses any other member. */
const OF_COMPOSE = /^(?:x-.*|services|version|name|include|networks|volumes|configs|secrets|models)$/;

function isCompose(members: Readonly<Record<string, unknown>>, name: string): boolean {
  const { services } = members;
  if (!isMembers(services)) return false;
  if (/compose[-._a-z0-9]*\.ya?ml$/.test(name)) return true;
  // A page or a site's settings may have services with pictures.
  if (!Object.keys(members).every((key) => OF_COMPOSE.test(key))) return false;
  const each = Object.values(services);
  return (
    each.length > 0 &&
    each.every((one) => isMembers(one) && ("image" in one || "build" in one || "extends" in one)) &&
    !each.some((one) => PICTURE.test(String(membersOf(one).image)))
  );
}
