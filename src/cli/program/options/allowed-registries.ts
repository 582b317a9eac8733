/** Reads the registries that images may be replaced by, with commas between: hosts, or hosts with a repository path. */

import { InvalidArgumentError } from "commander";
import { isAllowedEntry } from "../../../kubernetes/policies/allowed-images.ts";

/** Commander prints the error with the option's name, and the command ends with status 2. */
export function allowedRegistries(text: string): readonly string[] {
  const all = text.split(",").filter((one) => one !== "");
  const wrong = all.find((one) => !isAllowedEntry(one));
  if (wrong !== undefined)
    throw new InvalidArgumentError(
      `expected a registry with a dot or a port, such as public.ecr.aws, or with a path such as public.ecr.aws/docker/library, not ${JSON.stringify(wrong)}.`,
    );
  return all;
}
