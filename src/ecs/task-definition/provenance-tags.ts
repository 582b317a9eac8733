/**
 * The tags by which a revision says that Repull made it: for which execution, from which revision, and which image each
 * substitute replaces.
 *
 *     repull:execution = r-5d41402abc4b2a76b9719d911017c592
 *     repull:previous-revision = web:41
 *     repull:service   = prod/storefront                      the service that it was made for, with its cluster
 *     repull:image-1   = nginx:1.25 sha256:9f86d081… sha256:2c26b46b…
 *                        the image as the source wrote it and, where known, the digest that runs and the trusted one
 *
 * Tags may spread to tasks, so there are few. Every principal with the right to tag can edit them: they explain and
 * find again, and prove nothing.
 */

import { createHash } from "node:crypto";
import { type Digest, isDigest } from "../../image/digest.ts";
import { tryParseReference } from "../../image/reference.ts";
import { parseRevision } from "../arn.ts";
import type { Tag } from "./tag.ts";

export type ProvenanceTags = {
  /** The durable execution's name. */
  readonly execution: string;
  /** `web:41`, or `:41` where the family's name leaves no room. */
  readonly previousRevision?: string;
  /** The service's own tag (`serviceTag`): several services may share one family, and clusters have services of one name. */
  readonly service?: string;
  /** The rule or schedule that started the task, as ECS names it: it may be cut off. */
  readonly schedule?: string;
  readonly images: readonly SubstitutedImage[];
};

export type SubstitutedImage = {
  /** As the source wrote it. */
  readonly image: string;
  /** The substitute's digest; absent where the reference stayed as it was and its digest is unknown. */
  readonly digest?: Digest;
  /** The trusted digest at that time, where it was known. */
  readonly trusted?: Digest;
};

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html#tag-restrictions (read 2026-11). */
export const TAGS_MAX = 50;
export const TAG_KEY_LENGTH_MAX = 128;
const TAG_VALUE_LENGTH_MAX = 256;
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

const PREFIX = "repull:";
export const EXECUTION_TAG = `${PREFIX}execution`;
const PREVIOUS_REVISION = `${PREFIX}previous-revision`;
const SERVICE = `${PREFIX}service`;
const SCHEDULE = `${PREFIX}schedule`;
const IMAGE = /^repull:image-([1-9][0-9]?)$/;

const EXECUTION_NAME = /^[A-Za-z0-9_-]{1,64}$/;
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html, serviceName
const SERVICE_NAME = /^[A-Za-z0-9_-]{1,255}\/[A-Za-z0-9_-]{1,255}$|^[A-Za-z0-9_/-]{200}=[0-9a-f]{16}$/;
const SERVICE_TAG_KEPT = 200;
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html, Name; rules have the same letters
const SCHEDULE_NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const REVISION_NAME = /^[A-Za-z0-9_-]{0,255}:[1-9][0-9]{0,9}$/;

/**
 * A service in one tag: `CLUSTER/SERVICE`. Where that is too long for a tag, its first 200 characters, `=` and 16 hex
 * digits of its SHA-256: AWS takes no `~` in a tag's value, and no name of ECS has `=`.
 */
export function serviceTag(clusterArn: string, service: string): string {
  const whole = `${clusterArn.slice(clusterArn.lastIndexOf("/") + 1)}/${service}`;
  if (whole.length <= TAG_VALUE_LENGTH_MAX) return whole;
  const hash = createHash("sha256").update(whole).digest("hex").slice(0, 16);
  return `${whole.slice(0, SERVICE_TAG_KEPT)}=${hash}`;
}

/** The operator's setting under the same prefix: the mode, which a new revision keeps. */
const RESERVED_KEY = "repull:mode";

/** Whether Repull writes a tag of this name. The operator's switch, `repull`, is not one. */
export function isProvenanceKey(key: string): boolean {
  return key.startsWith(PREFIX) && key.trim().toLowerCase() !== RESERVED_KEY;
}

/** Whether AWS takes this text as a tag's value. */
export function isTagValue(text: string): boolean {
  return text.length <= TAG_VALUE_LENGTH_MAX && TAG_VALUE.test(text);
}

/**
 * The marker as tags, the most important first: a list that does not fit next to the existing tags is cut at its end. An
 * image whose name is too long or too odd for a tag is left out: the previous revision still has it.
 */
export function toTags({
  execution,
  previousRevision,
  service,
  schedule,
  images,
}: ProvenanceTags): readonly Tag[] {
  const values = images.flatMap(imageValue);
  return [
    { key: EXECUTION_TAG, value: execution },
    ...(previousRevision === undefined
      ? []
      : [
          {
            key: PREVIOUS_REVISION,
            value: isTagValue(previousRevision) ? previousRevision : tail(previousRevision),
          },
        ]),
    ...(service === undefined ? [] : [{ key: SERVICE, value: service }]),
    ...(schedule !== undefined && SCHEDULE_NAME.test(schedule) ? [{ key: SCHEDULE, value: schedule }] : []),
    ...[...new Set(values)].map((value, index) => ({ key: `${PREFIX}image-${index + 1}`, value })),
  ];
}

/** What was meant is left out before the whole is. */
function imageValue({ image, digest, trusted }: SubstitutedImage): readonly string[] {
  if (digest === undefined) return [image].filter(isTagValue);
  const short = `${image} ${digest}`;
  return [trusted === undefined ? short : `${short} ${trusted}`, short].filter(isTagValue).slice(0, 1);
}

function tail(former: string): string {
  return former.slice(former.lastIndexOf(":"));
}

/** A former revision by its whole name: where no room was left in the tag, its family is that of the revision itself. */
export function wholeRevision(former: string, revision: string): string {
  return former.startsWith(":") ? `${parseRevision(revision)?.family ?? ""}${former}` : former;
}

/** Reads a revision's marker; undefined where no execution is named. What makes no sense is passed over. */
export function parseTags(tags: readonly Tag[]): ProvenanceTags | undefined {
  const execution = valueUnder(tags, EXECUTION_TAG);
  if (execution === undefined || !EXECUTION_NAME.test(execution)) return undefined;
  const former = valueUnder(tags, PREVIOUS_REVISION);
  const service = valueUnder(tags, SERVICE);
  const schedule = valueUnder(tags, SCHEDULE);
  const images = tags
    .map(({ key, value }) => ({ position: Number(IMAGE.exec(key)?.[1]), marked: substitutedImageIn(value) }))
    .filter(({ position }) => !Number.isNaN(position))
    .toSorted((a, b) => a.position - b.position)
    .flatMap(({ marked }) => marked ?? []);
  return {
    execution,
    ...(former !== undefined && REVISION_NAME.test(former) ? { previousRevision: former } : {}),
    ...(service !== undefined && SERVICE_NAME.test(service) ? { service } : {}),
    ...(schedule !== undefined && SCHEDULE_NAME.test(schedule) ? { schedule } : {}),
    images,
  };
}

function valueUnder(tags: readonly Tag[], key: string): string | undefined {
  return tags.find((tag) => tag.key === key)?.value;
}

function substitutedImageIn(value: string): SubstitutedImage | undefined {
  const [image = "", digest, trusted, ...rest] = value.split(" ");
  if (rest.length > 0 || tryParseReference(image) === undefined) return undefined;
  if (digest === undefined) return { image };
  if (!isDigest(digest)) return undefined;
  if (trusted === undefined) return { image, digest };
  return isDigest(trusted) ? { image, digest, trusted } : undefined;
}
