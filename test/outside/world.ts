/** One account, three registries and one command: what a test arranges, runs and looks at. */

import { Account } from "./account.ts";
import { type Ended, replayInAccount } from "./command.ts";
import { type Document, eventOf, failingService, REGION, refusedByDockerHub } from "./documents.ts";
import { type Image, put, type Registries, startRegistries } from "./registries.ts";

const HUB_PATH = "library/nginx";
const PUBLIC_PATH = "docker/library/nginx";
export const FLAGS = ["--no-stack", "--yes", "--no-wait", "--json"];

export type World = {
  readonly account: Account;
  readonly registries: Registries;
  /** What the service was deployed with: ECS pinned its index. */
  readonly deployed: Image;
  /** Other bytes: what the tag means wherever it was moved. */
  readonly other: Image;
  /** The event, or several; the stopped task's own by default. */
  event: Document | readonly Document[];
  flags: readonly string[];
  readonly files: Record<string, string>;
};

/** What a run has left behind. */
export type Left = Ended & {
  /** The one line, where there is one. */
  readonly outcome: Document;
  /** The image that each revision written has in the place of the failing one. */
  readonly images: readonly string[];
  /** The ARN, by which UpdateService pointed a service at a revision. */
  readonly redeployed: readonly string[];
  /** Requests that change something, or notify a person. */
  readonly writes: readonly string[];
};

/** A request that changes anything in an account. */
const WRITE =
  /^(?:POST |PUT |PATCH |DELETE |Create|Delete|Put|Register|Deregister|Run|Start|Stop|Tag|Untag|Update|Batch(?!Get|Check))/;

/** The world as most rows have it, before they change it: the image is at ECR Public, under the same tag. */
export async function startWorld(): Promise<World> {
  const registries = await startRegistries();
  const deployed = put(registries.hub, HUB_PATH, "as deployed", "1.25");
  put(registries.ecrPublic, PUBLIC_PATH, "as deployed", "1.25");
  const other = put(registries.hub, HUB_PATH, "as it is now");
  put(registries.ecrPublic, PUBLIC_PATH, "as it is now");
  const account = new Account(
    failingService({ digest: deployed.index, reason: refusedByDockerHub(deployed.amd64) }),
  );
  await account.start();
  const [task = {}] = account.documents.tasks;
  return { account, registries, deployed, other, event: eventOf(task), flags: FLAGS, files: {} };
}

export async function stopWorld({ account, registries }: World): Promise<void> {
  await Promise.all([account.stop(), registries.stop()]);
}

/** Moves the tag at Docker Hub and at ECR Public to the other bytes. */
export function moveTag({ registries, other }: World): void {
  registries.hub.tags.set(`${HUB_PATH}:1.25`, other.index);
  registries.ecrPublic.tags.set(`${PUBLIC_PATH}:1.25`, other.index);
}

/** The only service, task, deployment or revision of its kind. */
export function only(documents: readonly Document[]): Document {
  const [first] = documents;
  if (first === undefined || documents.length > 1) throw new Error(`${documents.length} documents`);
  return first;
}

export function environmentOf({ account, registries }: World): Readonly<Record<string, string>> {
  return {
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL: account.url,
    REPULL_REGISTRY_ENDPOINTS: registries.endpoints,
  };
}

/** The requests so far that change something, or notify a person; of registries, that any of them was written to. */
export function writesOf({ account, registries }: World): readonly string[] {
  const isWrittenTo = [registries.hub, registries.ecrPublic, registries.ecr].some(({ seen }) =>
    seen.some(({ method }) => method !== "GET" && method !== "HEAD"),
  );
  return [
    ...account.requests.map(({ action }) => action).filter((action) => WRITE.test(action)),
    ...(isWrittenTo ? ["an image"] : []),
  ];
}

export async function runIn(world: World): Promise<Left> {
  const { account, event, flags, files } = world;
  const ended = await replayInAccount(event, flags, environmentOf(world), files);
  const containers = account
    .taken("RegisterTaskDefinition")
    .map(({ containerDefinitions }) => containerDefinitions as Document[]);
  return {
    ...ended,
    outcome: ended.lines[0] ?? {},
    images: containers.map(([container]) => String(container?.image)),
    redeployed: account.taken("UpdateService").map(({ taskDefinition }) => String(taskDefinition)),
    writes: writesOf(world),
  };
}
