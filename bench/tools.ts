/** The tools that are compared, each as its own people call it, with its own defaults. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

export type Place = {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly secure: boolean;
};

type Image = Place & { readonly image: string };

export type Tool = {
  readonly name: string;
  readonly version: string;
  /** Prints the version, and so starts the program and nothing else. */
  readonly start: readonly string[];
  /** @param platform the only one that is copied; absent: all */
  command(source: Image, target: Image, platform?: string): readonly string[];
  /** In addition to the certificate authority, which each gets by its own variable. */
  environment?(source: Place, target: Place): NodeJS.ProcessEnv;
};

type Definition = Omit<Tool, "version">;

const REPULL = new URL("../dist/cli/repull.mjs", import.meta.url).pathname;

const TOOLS: readonly Definition[] = [
  {
    name: "skopeo",
    start: ["skopeo", "--version"],
    // Without this it insists on TLS; with it, it asks by TLS first and goes on without.
    command: (source, target, platform) => [
      "skopeo",
      ...(platform === undefined
        ? []
        : ["--override-os", "linux", "--override-arch", platform.split("/")[1] ?? ""]),
      ...["copy", "-q", ...(platform === undefined ? ["--all"] : [])],
      ...(source.secure ? [] : ["--src-tls-verify=false"]),
      ...(target.secure ? [] : ["--dest-tls-verify=false"]),
      `docker://${source.host}/${source.image}`,
      `docker://${target.host}/${target.image}`,
    ],
  },
  {
    name: "crane",
    start: ["crane", "version"],
    command: (source, target, platform) => [
      "crane",
      "copy",
      ...platformOption(platform),
      `${source.host}/${source.image}`,
      `${target.host}/${target.image}`,
    ],
  },
  {
    name: "regctl",
    start: ["regctl", "version", "--format", "{{.VCSTag}}"],
    command: (source, target, platform) => [
      "regctl",
      ...[source, target].flatMap(({ host, secure }) =>
        secure ? [] : ["--host", `reg=${host},tls=disabled`],
      ),
      ...["image", "copy", ...platformOption(platform)],
      `${source.host}/${source.image}`,
      `${target.host}/${target.image}`,
    ],
  },
  {
    name: "repull",
    start: [process.execPath, REPULL, "--version"],
    command: (source, target, platform) => [
      process.execPath,
      REPULL,
      "mirror",
      ...platformOption(platform),
      `${source.host}/${source.image}`,
      `${target.host}/${target.image}`,
    ],
    environment: (...places) => ({ REPULL_REGISTRY_ENDPOINTS: endpointsOf(places) }),
  },
];

function platformOption(platform: string | undefined): readonly string[] {
  return platform === undefined ? [] : ["--platform", platform];
}

/** Loopback is plain HTTP unless a setting says otherwise. */
export function endpointsOf(places: readonly Place[]): string {
  return places
    .filter(({ secure }) => secure)
    .map(({ host }) => `${host}=https://${host}`)
    .join(",");
}

/** Those that are installed, with their versions. */
export async function installedTools(): Promise<readonly Tool[]> {
  const found = await Promise.all(
    TOOLS.map(async (tool) => {
      const [program = "", ...args] = tool.start;
      const answer = await promisify(execFile)(program, args).catch(() => undefined);
      const version = /v?\d+\.\d+\.\d+\S*/.exec(answer?.stdout ?? "")?.[0];
      return version === undefined ? [] : [{ ...tool, version }];
    }),
  );
  return found.flat();
}
