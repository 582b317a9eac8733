/** The policy's list of images that are kept copied: `mirrors.images`. */

import * as z from "zod/mini";

const TAGS_MAX = 50;
const NEWEST_MAX = 50;
const PLATFORMS_MAX = 16;

/** A repository, with its registry's host or without, and without a tag. */
const REPOSITORY = /^[A-Za-z0-9._-]+(?:(?::[0-9]{1,5})?(?:\/[A-Za-z0-9._-]+)+)?$/;
const TAG_PATTERN = /^[A-Za-z0-9_.*-]{1,128}$/;
/** What a range is written with; `repull policy check` reads it whole. */
const RANGE = /^[0-9A-Za-z.*^~<>=| +-]{1,200}$/;
const PLATFORM = /^[a-z0-9]+(?:\([0-9.]+\))?\/[a-z0-9]+(?:\/[a-z0-9.]+)?$/;

const text = (pattern: RegExp, what: string) => z.string().check(z.maxLength(300), z.regex(pattern, what));

export const wantedImageSchema = z
  .strictObject({
    image: text(REPOSITORY, "a repository such as nginx or ghcr.io/acme/web, without a tag"),
    tags: z._default(
      z.array(text(TAG_PATTERN, "a tag, in which * matches any text")).check(z.maxLength(TAGS_MAX)),
      [],
    ),
    semver: z.optional(text(RANGE, "a range of versions such as ^1.27 or >=1.25 <2")),
    newest: z._default(z.int().check(z.minimum(1), z.maximum(NEWEST_MAX)), 10),
    platforms: z._default(
      z
        .array(text(PLATFORM, "a platform such as linux/amd64"))
        .check(z.minLength(1), z.maxLength(PLATFORMS_MAX)),
      ["linux/amd64"],
    ),
  })
  .check(
    z.refine(({ tags, semver }) => tags.length > 0 || semver !== undefined, {
      message: "tags, or a range of versions in semver",
    }),
  );

export type WantedImage = z.infer<typeof wantedImageSchema>;
