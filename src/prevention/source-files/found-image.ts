/** What a reader finds in a file: an image that is pulled because of these words, and where they are. */

export const FILE_KINDS = [
  "dockerfile",
  "compose",
  "task-definition",
  "cloudformation",
  "cdk",
  "terraform-plan",
  "kubernetes",
  "kustomize",
  "github-actions",
  "gitlab-ci",
  "codebuild",
  "bake",
] as const;

export type FileKind = (typeof FILE_KINDS)[number];

/** Offsets in the file's text without its byte order mark, in UTF-16 code units; the end is not included. */
export type Range = { readonly start: number; readonly end: number };

/**
 * `default`: a variable's default, which a caller may override. `not-checkable`: a variable or an expression decides, and the
 * file does not say its value. `value-from-env-file`: `.env` decides, whose values are not shown. `invalid-reference`: the words
 * are not an image. `split-reference`: the name is put together from several places. `not-verbatim`: it is written with escapes
 * or over several lines. `generated-file`: a program writes the file anew. `by-command`: a command in a script pulls it.
 * `matched-by-name`: another file's image is found by this name, so that it must stay. `used-elsewhere`: the same words also say
 * something that is not an image. `names-the-host`: GitLab makes the service's host name from the image's name.
 * `restricted-value`: the template allows certain values alone.
 */
export type FoundCode =
  | "default"
  | "not-checkable"
  | "value-from-env-file"
  | "invalid-reference"
  | "split-reference"
  | "not-verbatim"
  | "generated-file"
  | "by-command"
  | "matched-by-name"
  | "used-elsewhere"
  | "names-the-host"
  | "restricted-value";

export type FoundImage = {
  /** The whole reference; absent where the file alone does not say it. */
  readonly image?: string;
  /** The registry's host, where as much is known. */
  readonly registry?: string;
  /** Without a tag, canonical: where the image is not known and this part of its name is. */
  readonly repository?: string;
  /** As the file writes it. */
  readonly written: string;
  readonly range: Range;
  /** What pulls it: `FROM`, `services.web.image`. */
  readonly place: string;
  /** What may be edited: the reference as a whole, or its repository alone where the tag is from somewhere else. */
  readonly target?: Range & { readonly holds: "reference" | "repository" };
  readonly codes: readonly FoundCode[];
};
