/**
 * Operating system and architecture, as an image index names them.
 *
 * ECS says `X86_64` and `LINUX`, OCI says `amd64` and `linux`; `arm64` and `arm64/v8` are one thing.
 */

import { InvalidInput } from "./invalid-input.ts";

export type Platform = { readonly os: string; readonly architecture: string; readonly variant?: string };

const ARCHITECTURE_ALIASES: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
  i386: "386",
};

/** Reads `os/arch[/variant]`, for example `linux/arm64/v8`. Throws InvalidInput. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split("/");
  const [os, architecture, variant] = parts;
  if (!os || !architecture || parts.length > 3 || parts.some((part) => !/^[a-z0-9_.]+$/.test(part))) {
    throw new InvalidInput(
      "platform",
      `OS/ARCH or OS/ARCH/VARIANT such as linux/arm64, got ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
  return normalised({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}

/** `linux/amd64`, `linux/arm/v7`. */
export function printPlatform({ os, architecture, variant }: Platform): string {
  return `${os}/${architecture}${variant === undefined ? "" : `/${variant}`}`;
}

/** Whether an image for `offered` runs where `wanted` is asked for. */
export function platformMatches(wanted: Platform, offered: Platform): boolean {
  const a = normalised(wanted);
  const b = normalised(offered);
  return a.os === b.os && a.architecture === b.architecture && (a.variant ?? "") === (b.variant ?? "");
}

/** One spelling for each platform: aliases resolved, default variants (arm64/v8, arm/v7) left to their short form. */
export function normalised({ os, architecture, variant }: Platform): Platform {
  const arch = ARCHITECTURE_ALIASES[architecture.toLowerCase()] ?? architecture.toLowerCase();
  const isDefault = (arch === "arm64" && variant === "v8") || (arch === "amd64" && variant === "v1");
  const kept = arch === "arm" ? (variant ?? "v7") : isDefault ? undefined : variant;
  return { os: os.toLowerCase(), architecture: arch, ...(kept === undefined ? {} : { variant: kept }) };
}
