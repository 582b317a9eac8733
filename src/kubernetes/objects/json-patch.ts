/** A change of an object as RFC 6902 has it, as far as Repull sends it. */

export type JsonPatch = readonly PatchOperation[];

export type PatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };
