export type Tags = Readonly<Record<string, string>>;

/** Something with tags, and how people name it; with its ARN, the advice says how to change its tags. */
export type TaggedResource = { readonly name: string; readonly tags: Tags; readonly arn?: string };
