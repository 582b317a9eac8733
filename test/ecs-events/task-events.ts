/** Task events for tests: a whole one, and what to change in it. */

export const LIMIT =
  "CannotPullContainerError: Error response from daemon: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit";

/** Fargate's words for a repository of Docker Hub, or of another host. */
export function fargateLimit(path: string, host = "registry-1.docker.io"): string {
  const digest = `sha256:${"0d17b565".repeat(8)}`;
  return `CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://${host}/v2/${path}/manifests/${digest}: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit`;
}

const CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/prod";
export const TASK = "arn:aws:ecs:us-east-1:123456789012:task/prod/0123456789abcdef0123456789abcdef";

type Members = Readonly<Record<string, unknown>>;

/** An event of a task whose members are replaced by `detail`'s; `undefined` takes one away. */
export function taskEvent(detail: Members, envelope: Members = {}): Record<string, unknown> {
  return {
    version: "0",
    id: "6a3f0d7e-0000-4000-8000-000000000001",
    "detail-type": "ECS Task State Change",
    source: "aws.ecs",
    account: "123456789012",
    time: "2026-01-20T10:00:12Z",
    region: "us-east-1",
    resources: [TASK],
    ...envelope,
    detail: {
      clusterArn: CLUSTER,
      taskArn: TASK,
      taskDefinitionArn: "arn:aws:ecs:us-east-1:123456789012:task-definition/web:42",
      group: "service:web",
      startedBy: "ecs-svc/1234567890123456789",
      lastStatus: "STOPPED",
      desiredStatus: "STOPPED",
      stopCode: "TaskFailedToStart",
      version: 3,
      containers: [{ name: "web", image: "nginx:1.25", taskArn: TASK }],
      ...detail,
    },
  };
}
