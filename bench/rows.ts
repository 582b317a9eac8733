/** What is compared: every image on every wire, and how each result has to compare with skopeo. */

import type { ImageName } from "./images.ts";

/** `narrow`: delayed, and 300 Mbit/s to the source. */
export type Wire = "loopback" | "delayed" | "narrow";

export type Row = {
  readonly image: ImageName;
  readonly wire: Wire;
  readonly secure: boolean;
  /** The one platform that is copied. */
  readonly platform?: string;
  /** Whether the source answers as ECR does: with redirects to signed addresses elsewhere. */
  readonly redirects?: boolean;
  readonly name: string;
  readonly goals: Goals;
};

/** The most that may be, as a share of skopeo's or in the unit of its name. */
export type Goals = {
  readonly wallShare?: number;
  readonly cpuShare?: number;
  /** Of the fastest peer's. */
  readonly bestShare?: number;
  readonly peakMegabytes?: number;
  readonly sourceRequests?: number;
  readonly targetRequests?: number;
  /** Whether no peer may be faster. A cold small image is spared: it is Node's own start. */
  readonly fastest: boolean;
};

const PEAK_MEGABYTES = 128;

// biome-ignore format: a table is read by its columns
const GOALS: Readonly<Record<string, Partial<Goals>>> = {
  "big loopback":    { wallShare: 0.8, cpuShare: 0.55 },
  "big delayed":     { wallShare: 0.8 },
  "layers delayed":  { wallShare: 0.4 },
  "index delayed":   { wallShare: 0.52 },
  "small loopback":  { fastest: false },
  "small delayed":   { fastest: false },
  "present loopback": { sourceRequests: 1, targetRequests: 2 },
  "present delayed":  { sourceRequests: 1, targetRequests: 2 },
};

const IMAGES: readonly ImageName[] = ["small", "layers", "index", "big", "present"];

/** What users live with: TLS, a line of a household or an office, one platform of many, ECR as the source, a huge layer. */
const LIVED: readonly Row[] = [
  row("index", "narrow", true),
  row("eight", "loopback", true, { platform: "linux/amd64" }),
  row("eight", "delayed", true, { platform: "linux/amd64" }),
  row("index", "loopback", true, { redirects: true }),
  row("index", "delayed", true, { redirects: true }),
  row("layer", "loopback", true),
];

/** Every row that was chosen; `only` holds lists of words that must all be in a row's name. */
export function chosenRows(only: readonly (readonly string[])[], huge: boolean): readonly Row[] {
  const rows = [...IMAGES, ...(huge ? (["huge"] as const) : [])].flatMap((image) =>
    (["loopback", "delayed"] as const).flatMap((wire) => [row(image, wire, false), row(image, wire, true)]),
  );
  return [...rows, ...LIVED].filter(({ image, wire, secure, redirects = false }) => {
    // Four gigabytes are there for the memory that they take, once.
    if (image === "huge" && (wire === "delayed" || secure)) return false;
    const names: readonly string[] = [
      image,
      wire,
      secure ? "tls" : "plain",
      redirects ? "redirected" : "direct",
    ];
    return only.length === 0 || only.some((words) => words.every((word) => names.includes(word)));
  });
}

function row(
  image: ImageName,
  wire: Wire,
  secure: boolean,
  more: Pick<Row, "platform" | "redirects"> = {},
): Row {
  const goals = GOALS[`${image} ${wire}`] ?? {};
  // The figures were set for plain connections; with TLS the order of the tools is what counts.
  const bestShare = wire === "loopback" ? 1 : 0.8;
  const figures = secure ? { ...goals, wallShare: undefined, cpuShare: undefined, bestShare } : goals;
  return {
    image,
    wire,
    secure,
    ...more,
    name: [image, wire, secure ? "tls" : "plain", ...(more.redirects === true ? ["redirected"] : [])].join(
      " ",
    ),
    goals: { peakMegabytes: PEAK_MEGABYTES, fastest: true, ...withoutUndefined(figures) },
  };
}

function withoutUndefined(goals: Readonly<Record<string, unknown>>): Partial<Goals> {
  return Object.fromEntries(Object.entries(goals).filter(([, value]) => value !== undefined));
}
