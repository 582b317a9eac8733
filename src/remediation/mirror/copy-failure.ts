/** Why an image could not be brought into ECR, as a code with its facts, and its sentence. */

export type CopyFailure = {
  readonly of: "copy" | "fill-cache";
} & (
  | { readonly code: "not-started" | "still-running" }
  | { readonly code: "end-unknown"; readonly because: string | undefined }
  | { readonly code: "ended"; readonly status: string; readonly because: string | undefined }
);

export function formatCopyFailure(failure: CopyFailure): string {
  const what = failure.of === "copy" ? "the copy" : "filling the cache";
  switch (failure.code) {
    case "not-started":
      return `${what} was not started`;
    case "still-running":
      return `${what} is still running`;
    case "end-unknown":
      return `${what} has ended, and how cannot be read: ${failure.because ?? "no reason given"}`;
    case "ended":
      return `${what} ${failure.status}${failure.because === undefined ? "" : ` (${failure.because})`}`;
  }
}
