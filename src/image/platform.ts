/**
 * Operating system and architecture, as an image index names them.
 *
 * ECS says `X86_64` and `LINUX`, OCI says `amd64` and `linux`; `arm64` and `arm64/v8` are one thing. An image of Windows
 * runs on a host of its own build alone, so its platform has a version too, in containerd's spelling:
 * `windows(10.0.20348)/amd64` (https://github.com/containerd/platforms, platforms.go, read 2026-11).
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

const PLATFORM =
  /^(?<os>[a-z0-9_.-]+|windows\((?<osVersion>[0-9.]+)\))\/(?<architecture>[a-z0-9_.-]+)(?:\/(?<variant>[a-z0-9_.-]+))?$/;

/** Reads `os[(version)]/arch[/variant]`, for example `linux/arm64/v8` or `windows(10.0.20348)/amd64`. Throws InvalidInput. */
export function parsePlatform(text: string): Platform {
  const { os, osVersion, architecture, variant } = PLATFORM.exec(text.toLowerCase())?.groups ?? {};
  const isVersion = osVersion === undefined || isOsVersion(osVersion);
  if (os === undefined || architecture === undefined || /\n/.test(text) || !isVersion) {
    throw new InvalidInput(
      "platform",
      `OS/ARCH or OS/ARCH/VARIANT such as linux/arm64, or windows(10.0.20348)/amd64, got ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
  return normalizePlatform({
    os: osVersion === undefined ? os : "windows",
    architecture,
    ...(variant === undefined ? {} : { variant }),
    ...(osVersion === undefined ? {} : { osVersion }),
  });
}

/** `linux/amd64`, `linux/arm/v7`, `windows(10.0.20348)/amd64`. */
export function printPlatform({ os, architecture, variant, osVersion }: Platform): string {
  const version = osVersion === undefined ? "" : `(${osVersion})`;
  return `${os}${version}/${architecture}${variant === undefined ? "" : `/${variant}`}`;
}

/** Reads a platform as an index or an image's config states it; undefined where that names no system or no architecture. */
export function readPlatform(stated: unknown): Platform | undefined {
  if (typeof stated !== "object" || stated === null) return undefined;
  const { os, architecture, variant, "os.version": osVersion } = stated as Readonly<Record<string, unknown>>;
  if (typeof os !== "string" || typeof architecture !== "string" || os === "" || architecture === "")
    return undefined;
  return {
    os: named(os),
    architecture: named(architecture),
    ...(typeof variant === "string" && variant !== "" ? { variant: named(variant) } : {}),
    ...(typeof osVersion === "string" && isOsVersion(osVersion) ? { osVersion } : {}),
  };
}

const NAME_LENGTH_MAX = 64;

/** A stranger's name, fit for a terminal and a record. What is not a name matches none before and after. */
function named(text: string): string {
  return text.slice(0, NAME_LENGTH_MAX).replace(/[^\x21-\x7e]/g, "?");
}

/** Whether an image for `offered` runs where `wanted` is asked for. A Windows version that is not known rules nothing out. */
export function platformMatches(wanted: Platform, offered: Platform): boolean {
  const a = normalizePlatform(wanted);
  const b = normalizePlatform(offered);
  const [build, other] = [windowsBuild(a), windowsBuild(b)];
  return (
    a.os === b.os &&
    a.architecture === b.architecture &&
    (a.variant ?? "") === (b.variant ?? "") &&
    (build === undefined || other === undefined || build === other)
  );
}

/**
 * The build that host and image have to have in common: `10.0.20348`, whichever month's updates they have. Windows Server
 * 2025 runs images of 2022 as well, says Microsoft; ECS's own guide asks for the same release.
 * https://learn.microsoft.com/virtualization/windowscontainers/deploy-containers/version-compatibility (read 2026-11)
 */
export function windowsBuild({ os, osVersion }: Platform): string | undefined {
  if (os.toLowerCase() !== "windows" || osVersion === undefined) return undefined;
  return osVersion.split(".").slice(0, 3).join(".");
}

/** Build at least: a shorter one says nothing. */
function isOsVersion(text: string): boolean {
  return /^[0-9]{1,6}(?:\.[0-9]{1,6}){2,3}$/.test(text);
}

/** One spelling for each platform: aliases resolved, `arm64/v8` and `amd64/v1` left to their short form, `arm` is `arm/v7`. */
export function normalizePlatform({ os, architecture, variant, osVersion }: Platform): Platform {
  const named = architecture.toLowerCase();
  const { architecture: arch, variant: implied } = ALIASES.get(named) ?? { architecture: named };
  const written = variant?.toLowerCase() ?? implied;
  // Some builders write the bare number.
  const version = written !== undefined && /^[0-9]$/.test(written) ? `v${written}` : written;
  const isDefault = (arch === "arm64" && version === "v8") || (arch === "amd64" && version === "v1");
  const kept = arch === "arm" ? (version ?? "v7") : isDefault ? undefined : version;
  const system = os.toLowerCase();
  return {
    os: system,
    architecture: arch,
    ...(kept === undefined ? {} : { variant: kept }),
    ...(system !== "windows" || osVersion === undefined ? {} : { osVersion }),
  };
}
