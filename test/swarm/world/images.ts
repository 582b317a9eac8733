/** The images of the swarm's worlds: what people run, what they ran before, and how each is built. */

export type SwarmImage = {
  /** As an index lists them; one alone has no index. */
  readonly platforms: readonly string[];
  readonly osVersions?: readonly string[];
  /** What ran before it. */
  readonly former: string;
};

const BOTH = ["linux/amd64", "linux/arm64"];

/** On Docker Hub all of them, on ECR Public the official ones. */
export const IMAGES: Readonly<Record<string, SwarmImage>> = {
  "nginx:1.25": { platforms: BOTH, former: "nginx:1.24" },
  "redis:7": { platforms: BOTH, former: "redis:6" },
  "httpd:2.4": { platforms: BOTH, former: "httpd:2.2" },
  "grafana/grafana:11": { platforms: BOTH, former: "grafana/grafana:10" },
  "acme/api:2": { platforms: BOTH, former: "acme/api:1" },
  "prom/prometheus:v3": { platforms: BOTH, former: "prom/prometheus:v2" },
};
export const IMAGE_NAMES = Object.keys(IMAGES);
/** Those that may have a twin at ECR Public. */
export const OFFICIAL_NAMES = IMAGE_NAMES.filter((name) => !name.includes("/"));

/** Both builds in one index, whose entries differ in `os.version` alone; in half of the worlds the older one first. */
export const WINDOWS_IMAGE = "acme/dotnet:8";
export const WINDOWS_BUILDS = ["10.0.17763.6532", "10.0.20348.2762"];
export const WINDOWS: SwarmImage = {
  platforms: ["windows/amd64", "windows/amd64", "linux/amd64"],
  osVersions: WINDOWS_BUILDS,
  former: "acme/dotnet:7",
};

/** `library/nginx:1.25`: as a registry names it. */
export function hubPath(image: string): string {
  return image.includes("/") ? image : `library/${image}`;
}

/** Repository and tag there. */
export function placeOf(image: string): { readonly path: string; readonly tag: string } {
  const [path = "", tag = ""] = hubPath(image).split(":");
  return { path, tag };
}

/** An image of a world by name, as it is to be built. */
export function swarmImage(name: string): SwarmImage {
  return name === WINDOWS_IMAGE ? WINDOWS : (IMAGES[name] ?? { platforms: BOTH, former: name });
}
