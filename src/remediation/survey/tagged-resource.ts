export type Tags = Readonly<Record<string, string>>;

/** Something with tags, and how people name it; with its ARN, it is told how its tags are changed. */
export type TaggedResource = { readonly name: string; readonly tags: Tags; readonly arn?: string };
