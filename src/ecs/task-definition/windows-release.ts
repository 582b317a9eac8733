/**
 * The build of Windows behind ECS's name of an operating system.
 *
 * ECS names releases: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html (read 2026-11). Images
 * name builds: https://learn.microsoft.com/windows/release-health/windows-server-release-info, and, for those that are no
 * longer kept, https://learn.microsoft.com/virtualization/windowscontainers/deploy-containers/base-image-lifecycle (read
 * 2026-11). CORE and FULL are one build.
 */

const BUILDS: Readonly<Record<string, string>> = {
  "2016": "10.0.14393",
  "2019": "10.0.17763",
  "2004": "10.0.19041",
  "20H2": "10.0.19042",
  "2022": "10.0.20348",
  "2025": "10.0.26100",
};

/** `10.0.20348` of `WINDOWS_SERVER_2022_CORE`; undefined of what is not Windows, and of a release that is not known yet. */
export function windowsBuildOf(operatingSystemFamily: string): string | undefined {
  const release = /^WINDOWS_SERVER_(?<release>[0-9A-Z]+)_/.exec(operatingSystemFamily.toUpperCase())?.groups
    ?.release;
  return release !== undefined && Object.hasOwn(BUILDS, release) ? BUILDS[release] : undefined;
}
