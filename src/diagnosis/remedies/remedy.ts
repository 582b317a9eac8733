/**
 * What mends a cause, as data: a command with the ids that are known, or a member of the task definition to set. A word in
 * capitals is a placeholder for what only the operator can name. No command is run here.
 */

import type { Json } from "../../runtime/json.ts";
import type { Params } from "../causes.ts";
import type { FailedStart } from "../failed-start.ts";

export type StartRemedyCode =
  | "substitute-image"
  | "give-public-address"
  | "make-way-out"
  | "make-endpoint"
  | "open-egress"
  | "open-endpoint"
  | "open-network-acl"
  | "open-file-system"
  | "switch-dns-on"
  | "change-endpoint-policy"
  | "change-public-access-block"
  | "copy-image"
  | "allow-role"
  | "change-refusing-policy"
  | "trust-service"
  | "name-execution-role"
  | "deploy-again"
  | "name-image-that-exists"
  | "restore-image"
  | "build-for-platform"
  | "set-in-task-definition"
  | "make-log-group"
  | "correct-secret"
  | "make-mount-target"
  | "add-subnets"
  | "add-capacity"
  | "look-at-instance"
  | "look-at-tasks"
  | "look-at-container"
  | "look-at-target-group"
  | "look-at-cache-rule"
  | "look-at-key"
  | "ask-organization"
  | "ask-support"
  | "change-dns-firewall"
  | "correct-hosted-zone"
  | "change-deployment-configuration"
  | "lengthen-grace-period"
  | "name-subnets-and-groups"
  | "name-task-role"
  | "open-tasks"
  | "restore-service-role"
  | "try-again"
  | "none";

export type StartRemedy = {
  readonly code: StartRemedyCode;
  readonly command?: readonly string[];
  readonly setting?: { readonly key: string; readonly value: Json };
};

export type About = { readonly start: FailedStart; readonly region: string };
export type Make = (params: Params, about: About) => StartRemedy;

export const aws = (
  code: StartRemedyCode,
  command: (params: Params, about: About) => readonly string[],
): Make => {
  return (params, about) => {
    const region = params.region ?? about.region;
    return {
      code,
      command: ["aws", ...command(params, about), ...(region === "" ? [] : ["--region", region])],
    };
  };
};
export const set =
  (key: string, value: Json): Make =>
  () => ({ code: "set-in-task-definition", setting: { key, value } });
export const only =
  (code: StartRemedyCode): Make =>
  () => ({ code });

export const first = (ids: string | undefined, otherwise: string) => ids?.split(", ")[0] || otherwise;
export const clusterOf = ({ start }: About) => start.cluster ?? "CLUSTER";
export const serviceOf = ({ start }: About) => start.service ?? "SERVICE";
/** The subnet of the task, as its network interface recorded it. */
const subnetOf = ({ start }: About) => start.subnet ?? "SUBNET_ID";
export const updateService = (about: About) => [
  "ecs",
  "update-service",
  "--cluster",
  clusterOf(about),
  "--service",
  serviceOf(about),
  "--force-new-deployment",
];

export const deployAgain = aws("deploy-again", (_, about) => updateService(about));

export const endpoint = (fallback: string): Make =>
  aws(
    "make-endpoint",
    ({ vpc = "VPC_ID", service = fallback, region, subnet, routeTable = "ROUTE_TABLE_ID" }, about) => {
      const name = `com.amazonaws.${region ?? about.region}.${service}`;
      return service === "s3"
        ? [
            "ec2",
            "create-vpc-endpoint",
            "--vpc-id",
            vpc,
            "--service-name",
            name,
            "--vpc-endpoint-type",
            "Gateway",
            "--route-table-ids",
            routeTable,
          ]
        : [
            "ec2",
            "create-vpc-endpoint",
            "--vpc-id",
            vpc,
            "--service-name",
            name,
            "--vpc-endpoint-type",
            "Interface",
            "--subnet-ids",
            subnet ?? subnetOf(about),
            "--private-dns-enabled",
          ];
    },
  );

export const wayOut = aws("make-way-out", ({ routeTable = "ROUTE_TABLE_ID" }) => [
  "ec2",
  "create-route",
  "--route-table-id",
  routeTable,
  "--destination-cidr-block",
  "0.0.0.0/0",
  "--nat-gateway-id",
  "NAT_GATEWAY_ID",
]);
export const newRoute = aws("make-way-out", ({ routeTable = "ROUTE_TABLE_ID" }) => [
  "ec2",
  "replace-route",
  "--route-table-id",
  routeTable,
  "--destination-cidr-block",
  "0.0.0.0/0",
  "--nat-gateway-id",
  "NAT_GATEWAY_ID",
]);

/** The command replaces the whole configuration: it has to name each subnet and group that the service has. */
export const publicAddress = aws(
  "give-public-address",
  ({ subnet, taskSubnets, taskSecurityGroups }, about) => [
    ...updateService(about),
    "--network-configuration",
    `awsvpcConfiguration={subnets=[${listed(taskSubnets ?? subnet ?? subnetOf(about))}],securityGroups=[${listed(taskSecurityGroups ?? "SECURITY_GROUP_ID")}],assignPublicIp=ENABLED}`,
  ],
);

export const networkOfService = aws("name-subnets-and-groups", (_, about) => [
  ...["ecs", "update-service", "--cluster", clusterOf(about), "--service", serviceOf(about)],
  ...[
    "--network-configuration",
    "awsvpcConfiguration={subnets=[SUBNET_ID],securityGroups=[SECURITY_GROUP_ID]}",
  ],
]);

function listed(ids: string): string {
  return ids.split(", ").join(",");
}

export const egress = (peer: (params: Params) => string): Make =>
  aws("open-egress", (params) => [
    ...[
      "ec2",
      "authorize-security-group-egress",
      "--group-id",
      first(params.securityGroups, "SECURITY_GROUP_ID"),
    ],
    ...[
      "--ip-permissions",
      `IpProtocol=tcp,FromPort=${params.port ?? "443"},ToPort=${params.port ?? "443"},${peer(params)}`,
    ],
  ]);

export const ingress = (
  code: "open-endpoint" | "open-file-system",
  port: number,
  group: (params: Params) => string | undefined,
): Make =>
  aws(code, (params) => [
    ...["ec2", "authorize-security-group-ingress", "--group-id", first(group(params), "SECURITY_GROUP_ID")],
    ...[
      "--ip-permissions",
      `IpProtocol=tcp,FromPort=${port},ToPort=${port},UserIdGroupPairs=[{GroupId=${first(params.taskSecurityGroups, "TASK_SECURITY_GROUP_ID")}}]`,
    ],
  ]);

export const images = aws("name-image-that-exists", ({ repository = "REPOSITORY" }) => [
  ...["ecr", "describe-images", "--repository-name", repository],
  ...["--query", "sort_by(imageDetails,&imagePushedAt)[-5:].imageTags"],
]);

export const instance = aws("look-at-instance", (_, about) => [
  ...["ecs", "describe-container-instances", "--cluster", clusterOf(about), "--container-instances"],
  about.start.containerInstance ?? "CONTAINER_INSTANCE_ARN",
]);
/** The group of instances that is known to have its most is raised; of another, the cluster is looked at. */
export const capacity = aws("add-capacity", ({ group, more }, about) =>
  group !== undefined && more !== undefined
    ? ["autoscaling", "update-auto-scaling-group", "--auto-scaling-group-name", group, "--max-size", more]
    : [
        ...["ecs", "describe-clusters", "--clusters", clusterOf(about)],
        ...["--include", "STATISTICS", "CONFIGURATIONS"],
      ],
);

export const substitute: Make = (_, about) => ({
  code: "substitute-image",
  command: ["repull", "plan", serviceOf(about)],
});
export const copy: Make = ({ image = "IMAGE" }) => ({
  code: "copy-image",
  command: ["repull", "mirror", image, "YOUR_ECR_IMAGE"],
});
export const secret = aws("correct-secret", ({ secret: id = "SECRET_ARN" }) => [
  "secretsmanager",
  "describe-secret",
  "--secret-id",
  id,
]);
export const container: Make = ({ container: name = "" }, { start }) => ({
  code: "look-at-container",
  command: [
    "aws",
    "logs",
    "tail",
    "LOG_GROUP",
    "--log-stream-name-prefix",
    `PREFIX/${name || "CONTAINER"}/${start.target.slice(start.target.lastIndexOf("/") + 1)}`,
  ],
});
/** Double of what it has, or what its images need; 60 where neither is known. */
export const ephemeral: Make = ({ wanted = "60" }) => ({
  code: "set-in-task-definition",
  setting: { key: "ephemeralStorage", value: { sizeInGiB: Number(wanted) } },
});

export const quotasOf = (service: string): Make =>
  aws("add-capacity", () => ["service-quotas", "list-service-quotas", "--service-code", service]);
export const stoppedTasks = aws("look-at-tasks", (_, about) => [
  ...["ecs", "list-tasks", "--cluster", clusterOf(about), "--service-name", serviceOf(about)],
  ...["--desired-status", "STOPPED"],
]);
export const targetHealth = aws("look-at-target-group", ({ targetGroup = "TARGET_GROUP_ARN" }) => [
  ...["elbv2", "describe-target-health", "--target-group-arn", targetGroup],
]);
