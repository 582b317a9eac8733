/**
 * Compose: the images of services, of inline Dockerfiles, of named build contexts and of image volumes; of each profile.
 *
 * An image next to `build` is the name of what is built. https://github.com/compose-spec/compose-spec (read 2026-11)
 */

import { isMembers, membersOf } from "../../../runtime/json.ts";
import { listOf, type Pointer, type SourceDocument, type SourceScalar } from "../documents/document.ts";
import type { FoundImage } from "../found-image.ts";
import type { Piece } from "../pieces.ts";
import { expandVariables } from "../variables.ts";
import type { FileFacts } from "./document-reader.ts";
import { imageAt } from "./document-reader.ts";
import { envValues } from "./env-file.ts";
import { inlineImages } from "./inline-dockerfile.ts";

export function composeImages(document: SourceDocument, { env = "" }: FileFacts): readonly FoundImage[] {
  const values = envValues(env);
  const lookup = (name: string): readonly Piece[] | undefined => {
    const known = values.get(name);
    return known === undefined ? undefined : [{ known, isPrivate: true }];
  };
  const expand = ({ text, at }: SourceScalar) => expandVariables(text, at, { lookup, literalDollar: "$" });
  const { services } = membersOf(document.value);
  return Object.entries(membersOf(services)).flatMap(([name, value]) => {
    const service = membersOf(value);
    const at: Pointer = ["services", name];
    const build = membersOf(service.build);
    return [
      ...(service.build === undefined ? imageAt(document, [...at, "image"], { expand }) : []),
      ...inlineImages(document, [...at, "build", "dockerfile_inline"]),
      ...contexts(document, [...at, "build", "additional_contexts"], build.additional_contexts, expand),
      ...listOf(service.volumes).flatMap((volume, index) =>
        membersOf(volume).type === "image"
          ? imageAt(document, [...at, "volumes", index, "source"], { expand })
          : [],
      ),
    ];
  });
}

type Expand = (scalar: SourceScalar) => readonly Piece[];

/** `name: docker-image://IMAGE`, or `- name=docker-image://IMAGE`. */
function contexts(
  document: SourceDocument,
  at: Pointer,
  value: unknown,
  expand: Expand,
): readonly FoundImage[] {
  if (isMembers(value))
    return Object.keys(value).flatMap((name) =>
      imageAt(document, [...at, name], { expand, prefix: DOCKER_IMAGE }),
    );
  return listOf(value).flatMap((entry, index) => {
    const name = /^[^=]{1,200}=/.exec(String(entry))?.[0] ?? "";
    return imageAt(document, [...at, index], { expand, prefix: `${name}${DOCKER_IMAGE}` });
  });
}

const DOCKER_IMAGE = "docker-image://";
