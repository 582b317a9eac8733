/**
 * A manifest says what an image is made of; an index says which manifest is for which platform.
 *
 * Both come from strangers, so everything is checked and bounded before it is believed. The bytes are
 * what is copied; what is read here only says what must travel with them.
 */

import { type Digest, digestOf, isDigest } from "../../image/digest.ts";
import { InvalidInput } from "../../image/invalid-input.ts";
import { type Platform, readPlatform } from "../../image/platform.ts";
import { visible } from "../../text/visible.ts";
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  DOCKER_SCHEMA_1,
  DOCKER_SCHEMA_1_SIGNED,
  isForeignLayer,
  isIndexType,
  OCI_INDEX,
  OCI_MANIFEST,
} from "./media-types.ts";

export type Descriptor = {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
  /** What a manifest that refers to another one is for. */
  readonly artifactType?: string;
  /** The content itself, where the descriptor carries it and it is what the digest says. */
  readonly data?: Uint8Array;
};

/** An index as it is read. */
export type Index = Extract<ParsedManifest, { kind: "index" }>;

export type ParsedManifest =
  | {
      readonly kind: "image";
      readonly mediaType: string;
      readonly config: Descriptor;
      readonly layers: readonly Descriptor[];
    }
  | { readonly kind: "index"; readonly mediaType: string; readonly children: readonly Descriptor[] };

/** The specification's own bound, and ECR's. */
export const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;
/** ECR allows 4,200 layer parts and Docker 127 layers; nothing honest comes near this. */
const LAYERS_MAX = 10_000;
const CHILDREN_MAX = 512;
/** https://www.rfc-editor.org/rfc/rfc6838#section-4.2: 127 characters on each side. Reports of a copy have them. */
const MEDIA_TYPE_LENGTH_MAX = 255;
/** A blob's greatest size: what a double counts exactly. */
const SIZE_MAX = Number.MAX_SAFE_INTEGER;

/**
 * Reads a manifest of Docker's schema 2 or of OCI, with or without its own `mediaType`.
 * Throws InvalidInput that names what is wrong, or that it is the retired schema 1.
 */
export function parseManifest(bytes: Uint8Array, contentType = ""): ParsedManifest {
  if (bytes.byteLength > MANIFEST_BYTES_MAX) throw new InvalidInput("manifest", "at most 4 MiB");
  const document = parseObject(bytes);
  const mediaType = mediaTypeOf(document, contentType);
  if (isIndexType(mediaType)) {
    const children = listOf(document.manifests, "manifests", CHILDREN_MAX, childIn);
    return { kind: "index", mediaType, children };
  }
  const config = blobIn(document.config, "config");
  const layers = listOf(document.layers ?? [], "layers", LAYERS_MAX, blobIn);
  return { kind: "image", mediaType, config, layers };
}

/** The blobs that must be at the target before the manifest is: config and layers, each once, none of the foreign. */
export function blobsOf(image: Extract<ParsedManifest, { kind: "image" }>): readonly Descriptor[] {
  const unique = new Map<Digest, Descriptor>();
  for (const blob of [image.config, ...image.layers]) {
    if (!isForeignLayer(blob.mediaType)) unique.set(blob.digest, blob);
  }
  return [...unique.values()];
}

/** BuildKit lists an image's attestations next to its platforms, under a platform that nothing runs on. */
export function isAttestation(child: Descriptor): boolean {
  return (
    child.annotations?.["vnd.docker.reference.type"] === "attestation-manifest" ||
    (child.platform?.os === "unknown" && child.platform.architecture === "unknown")
  );
}

type Fields = Readonly<Record<string, unknown>>;

/** Manifests are six levels deep. What is deeper by far cannot be written again without overflowing a stack. */
const DEPTH_MAX = 64;

function parseObject(bytes: Uint8Array): Fields {
  if (depthOf(bytes) > DEPTH_MAX) throw new InvalidInput("manifest", `at most ${DEPTH_MAX} levels deep`);
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new InvalidInput("manifest", "JSON", { cause });
  }
  return fieldsOf(document, "manifest");
}

/** How deep brackets are nested, those inside strings left out. */
function depthOf(json: Uint8Array): number {
  let [depth, deepest, isText] = [0, 0, false];
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === BYTES.quote) isText = !isText;
    else if (isText) at += byte === BYTES.backslash ? 1 : 0;
    else if (byte === BYTES.bracket || byte === BYTES.brace) deepest = Math.max(deepest, ++depth);
    else if (byte === BYTES.bracketEnd || byte === BYTES.braceEnd) depth -= 1;
  }
  return deepest;
}

const BYTES = { quote: 0x22, backslash: 0x5c, bracket: 0x5b, bracketEnd: 0x5d, brace: 0x7b, braceEnd: 0x7d };

/** What the document says it is wins; then the header; then its shape. Two that disagree are an attack. */
function mediaTypeOf(document: Fields, contentType: string): string {
  const stated = document.mediaType;
  if (stated !== undefined && typeof stated !== "string") throw new InvalidInput("mediaType", "text");
  const isSchema1 = document.schemaVersion === 1 || stated === DOCKER_SCHEMA_1;
  if (isSchema1 || contentType === DOCKER_SCHEMA_1 || contentType === DOCKER_SCHEMA_1_SIGNED) {
    throw new InvalidInput(
      "schemaVersion",
      "schema 2 or OCI; this is Docker's schema 1, which no registry of today takes: push the image anew",
    );
  }
  if (document.schemaVersion !== 2) throw new InvalidInput("schemaVersion", "2");
  const known = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_MANIFEST_LIST];
  const shape = document.manifests !== undefined && document.config === undefined ? OCI_INDEX : OCI_MANIFEST;
  const mediaType = stated ?? (known.includes(contentType) ? contentType : shape);
  if (!known.includes(mediaType)) {
    throw new InvalidInput(
      "mediaType",
      `an image manifest or an index, got ${JSON.stringify(mediaType.slice(0, 100))}`,
    );
  }
  // The specification forbids the mixture: what is an index to one reader would be an image to another.
  const mixed = isIndexType(mediaType)
    ? document.config !== undefined || document.layers !== undefined
    : document.manifests !== undefined;
  if (mixed) throw new InvalidInput("manifest", "either layers or manifests, not both");
  return mediaType;
}

function listOf(
  value: unknown,
  path: string,
  countMax: number,
  read: (item: unknown, path: string) => Descriptor,
): readonly Descriptor[] {
  if (!Array.isArray(value)) throw new InvalidInput(path, "a list");
  if (value.length > countMax)
    throw new InvalidInput(path, `at most ${countMax} entries, got ${value.length}`);
  return value.map((item, index) => read(item, `${path}[${index}]`));
}

/** A child of an index: with what distinguishes it from its siblings. */
function childIn(value: unknown, path: string): Descriptor {
  const { platform: stated, annotations: texts, artifactType } = fieldsOf(value, path);
  const platform = readPlatform(stated);
  const annotations = textsOf(texts);
  return {
    ...blobIn(value, path),
    ...(platform === undefined ? {} : { platform }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(typeof artifactType === "string" && artifactType !== ""
      ? { artifactType: visible(artifactType, MEDIA_TYPE_LENGTH_MAX) }
      : {}),
  };
}

/** What is needed to bring it; nothing else of it is kept, because a stranger may say megabytes of a layer. */
function blobIn(value: unknown, path: string): Descriptor {
  const fields = fieldsOf(value, path);
  const { mediaType, digest, size } = fields;
  if (typeof mediaType !== "string") throw new InvalidInput(`${path}.mediaType`, "text");
  if (!isDigest(digest)) throw new InvalidInput(`${path}.digest`, "a sha256 or sha512 digest");
  if (typeof size !== "number" || !Number.isInteger(size) || size < 0 || size > SIZE_MAX) {
    throw new InvalidInput(`${path}.size`, "a whole number of bytes");
  }
  const data = embeddedIn(fields.data, digest, size);
  return {
    mediaType: visible(mediaType, MEDIA_TYPE_LENGTH_MAX),
    digest,
    size,
    ...(data === undefined ? {} : { data }),
  };
}

/** https://github.com/opencontainers/image-spec/blob/main/descriptor.md: embedded content spares its request. */
function embeddedIn(value: unknown, digest: Digest, size: number): Uint8Array | undefined {
  if (typeof value !== "string") return undefined;
  const bytes = Buffer.from(value, "base64");
  return bytes.byteLength === size && digestOf(bytes) === digest ? bytes : undefined;
}

function textsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === "string"));
}

function fieldsOf(value: unknown, path: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InvalidInput(path, "an object");
  }
  return value as Fields;
}
