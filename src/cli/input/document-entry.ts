export type DocumentEntry =
  | { readonly kind: "document"; readonly where: string; readonly document: unknown }
  /** An error text without an event round it; `image` where what it was found in names the container's. */
  | { readonly kind: "text"; readonly where: string; readonly text: string; readonly image?: string }
  | { readonly kind: "unreadable"; readonly where: string; readonly because: string };
