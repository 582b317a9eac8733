/**
 * The ARNs of ECS, in every partition, and in both of their formats.
 *
 *     arn:aws:ecs:us-east-1:123456789012:service/web              until 2018, and where an account never opted in
 *     arn:aws:ecs:us-east-1:123456789012:service/shop/web         since: the cluster comes before the name
 *
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html (read 2026-11)
 */

export type Arn = {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  /** Everything after the account: `task-definition/web:41`. */
  readonly resource: string;
};

export type EcsArn = Pick<Arn, "partition" | "region" | "account"> &
  (
    | { readonly kind: "cluster"; readonly name: string }
    | { readonly kind: "service"; readonly name: string; readonly cluster?: string }
    | { readonly kind: "task"; readonly id: string; readonly cluster?: string }
    | { readonly kind: "task-definition"; readonly family: string; readonly revision: number }
  );

const ARN =
  /^arn:(?<partition>aws[a-z-]*):(?<service>[a-z0-9-]+):(?<region>[a-z0-9-]*):(?<account>[0-9]{12}|):(?<resource>.+)$/;

/** The parts of an ARN, or undefined where the text is not an ARN. */
export function parseArn(text: string): Arn | undefined {
  const groups = ARN.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { partition = "", service = "", region = "", account = "", resource = "" } = groups;
  return { partition, service, region, account, resource };
}

/** What an ARN of ECS names, or undefined where it is not one of these four. */
export function parseEcsArn(text: string): EcsArn | undefined {
  const arn = parseArn(text);
  if (arn?.service !== "ecs" || arn.region === "" || arn.account === "") return undefined;
  const { partition, region, account } = arn;
  const [type, first, second, ...rest] = arn.resource.split("/");
  if (!first || second === "" || rest.length > 0) return undefined;
  const place = { partition, region, account };
  if (type === "service" || type === "task") {
    const cluster = second === undefined ? {} : { cluster: first };
    const last = second ?? first;
    return type === "service"
      ? { ...place, kind: "service", name: last, ...cluster }
      : { ...place, kind: "task", id: last, ...cluster };
  }
  if (second !== undefined) return undefined;
  if (type === "cluster") return { ...place, kind: "cluster", name: first };
  const revision = type === "task-definition" ? parseRevision(first) : undefined;
  return revision === undefined ? undefined : { ...place, kind: "task-definition", ...revision };
}

const FAMILY_AND_REVISION =
  /^(?:arn:aws[a-z-]*:ecs:[^/]*:task-definition\/)?(?<family>[A-Za-z0-9_-]{1,255}):(?<revision>[1-9][0-9]{0,9})$/;

/** Reads `web:41`, or the ARN that ends so; undefined where the text is neither. */
export function parseRevision(
  text: string,
): { readonly family: string; readonly revision: number } | undefined {
  const groups = FAMILY_AND_REVISION.exec(text)?.groups;
  return groups?.family === undefined
    ? undefined
    : { family: groups.family, revision: Number(groups.revision) };
}

/** The revision's number at the end of a task definition's ARN or of `family:revision`. */
export function revisionOf(text: string): number | undefined {
  return parseRevision(text)?.revision;
}

/** `web:41`: how people name a revision. A text that is not a revision comes back as it is. */
export function shortRevision(text: string): string {
  const parts = parseRevision(text);
  return parts === undefined ? text : `${parts.family}:${parts.revision}`;
}

/** Whether two names mean one revision: ECS answers with ARNs, people and emulators also write `web:41`. */
export function sameRevision(a: string, b: string): boolean {
  if (a === b) return true;
  return (!a.startsWith("arn:") || !b.startsWith("arn:")) && shortRevision(a) === shortRevision(b);
}
