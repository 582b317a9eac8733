/**
 * Operating system and architecture, as an image index names them.
 *
 * ECS says `X86_64` and `LINUX`, OCI says `amd64` and `linux`; `arm64` and `arm64/v8` are one thing.
 */

import { InvalidInput } from "./invalid-input.ts";

export type Platform = {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  /** Windows alone: the version of the host that it needs, `10.0.20348.2762`, or its build, `10.0.20348`. */
  readonly osVersion?: string;
};

/** Other names of an architecture, a default variant with them where the name carries one (containerd's platforms). */
const ALIASES: ReadonlyMap<string, { readonly architecture: string; readonly variant?: string }> = new Map([
  ["x86_64", { architecture: "amd64" }],
  ["x86-64", { architecture: "amd64" }],
  ["aarch64", { architecture: "arm64" }],
  ["i386", { architecture: "386" }],
  ["armhf", { architecture: "arm", variant: "v7" }],
  ["armel", { architecture: "arm", variant: "v6" }],
]);

/** Reads `os/arch[/variant]`, for example `linux/arm64/v8`. Throws InvalidInput. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split("/");
  const [os, architecture, variant] = parts;
  if (!os || !architecture || parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
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

/** One spelling for each platform: aliases resolved, `arm64/v8` and `amd64/v1` left to their short form, `arm` is `arm/v7`. */
export function normalised({ os, architecture, variant }: Platform): Platform {
  const named = architecture.toLowerCase();
  const { architecture: arch, variant: implied } = ALIASES.get(named) ?? { architecture: named };
  const written = variant?.toLowerCase() ?? implied;
  // Some builders write the bare number.
  const version = written !== undefined && /^[0-9]$/.test(written) ? `v${written}` : written;
  const isDefault = (arch === "arm64" && version === "v8") || (arch === "amd64" && version === "v1");
  const kept = arch === "arm" ? (version ?? "v7") : isDefault ? undefined : version;
  return { os: os.toLowerCase(), architecture: arch, ...(kept === undefined ? {} : { variant: kept }) };
}
