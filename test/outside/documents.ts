/**
 * An account's Amazon ECS as documents: written by hand in the shapes of AWS's models, times in seconds since the epoch.
 *
 * Nothing here comes from the product or from its sandbox. A test changes the documents until they are its world.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/Welcome.html (read 2026-11)
 */

export type Document = { [member: string]: unknown };

export const ACCOUNT = "123456789012";
export const REGION = "us-east-1";
export const DEPLOYMENT_NUMBER = "4613718211345029977";
export const TASK_ID = "4aa85bf2f851901f4a058a131b80183b";

/** The service's failing deployment began then; ECS pinned its digests in the same minute. */
const DEPLOYED_MINUTES_AGO = 20;
const FAILED_MINUTES_AGO = 2;

export const arn = (resource: string): string => `arn:aws:ecs:${REGION}:${ACCOUNT}:${resource}`;
export const secondsAgo = (minutes: number): number => Math.round(Date.now() / 1000) - minutes * 60;

export type Documents = {
  readonly clusters: Document[];
  readonly services: Document[];
  readonly tasks: Document[];
  readonly serviceDeployments: Document[];
  readonly serviceRevisions: Document[];
  /** With their tags next to them, as DescribeTaskDefinition answers. */
  readonly definitions: { readonly taskDefinition: Document; readonly tags: Document[] }[];
};

/** The text by which Docker Hub refused, as the Fargate agent of platform 1.4 reports it. */
export function refusedByDockerHub(digest: string, path = "library/nginx"): string {
  return `CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/${path}/manifests/${digest}: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit`;
}

/** A text of the limit that names no manifest. */
export const REFUSED_WITHOUT_MANIFEST =
  "CannotPullContainerError: inspect image has been retried 1 time(s): httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/1.25: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit";

/** One service on Fargate that cannot start: deployed a while ago, its task refused by Docker Hub just now. */
export function failingService({
  cluster = "prod",
  name = "web",
  image = "nginx:1.25",
  digest,
  reason,
}: {
  readonly cluster?: string;
  readonly name?: string;
  readonly image?: string;
  /** What ECS pinned for the deployment. */
  readonly digest: string;
  readonly reason: string;
}): Documents {
  const clusterArn = arn(`cluster/${cluster}`);
  const definitionArn = arn(`task-definition/${name}:42`);
  const revisionArn = arn(`service-revision/${cluster}/${name}/${DEPLOYMENT_NUMBER}`);
  const taskArn = arn(`task/${cluster}/${TASK_ID}`);
  const deployedAt = secondsAgo(DEPLOYED_MINUTES_AGO);
  const failedAt = secondsAgo(FAILED_MINUTES_AGO);
  return {
    clusters: [
      { clusterArn, clusterName: cluster, status: "ACTIVE", tags: [], settings: [], capacityProviders: [] },
    ],
    services: [
      {
        serviceArn: arn(`service/${cluster}/${name}`),
        serviceName: name,
        clusterArn,
        status: "ACTIVE",
        desiredCount: 1,
        runningCount: 0,
        pendingCount: 0,
        launchType: "FARGATE",
        platformVersion: "LATEST",
        platformFamily: "Linux",
        taskDefinition: definitionArn,
        loadBalancers: [],
        serviceRegistries: [],
        deploymentConfiguration: {
          deploymentCircuitBreaker: { enable: false, rollback: false },
          maximumPercent: 200,
          minimumHealthyPercent: 100,
          strategy: "ROLLING",
        },
        deploymentController: { type: "ECS" },
        deployments: [
          {
            id: `ecs-svc/${DEPLOYMENT_NUMBER}`,
            status: "PRIMARY",
            taskDefinition: definitionArn,
            desiredCount: 1,
            pendingCount: 0,
            runningCount: 0,
            failedTasks: 3,
            createdAt: deployedAt,
            updatedAt: failedAt,
            launchType: "FARGATE",
            platformVersion: "1.4.0",
            rolloutState: "IN_PROGRESS",
            rolloutStateReason: `ECS deployment ecs-svc/${DEPLOYMENT_NUMBER} in progress.`,
          },
        ],
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: ["subnet-a"],
            securityGroups: ["sg-a"],
            assignPublicIp: "DISABLED",
          },
        },
        roleArn: `arn:aws:iam::${ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS`,
        schedulingStrategy: "REPLICA",
        enableECSManagedTags: false,
        propagateTags: "NONE",
        createdAt: secondsAgo(60 * 24 * 30),
        tags: [],
      },
    ],
    tasks: [
      {
        taskArn,
        clusterArn,
        taskDefinitionArn: definitionArn,
        group: `service:${name}`,
        startedBy: `ecs-svc/${DEPLOYMENT_NUMBER}`,
        launchType: "FARGATE",
        lastStatus: "STOPPED",
        desiredStatus: "STOPPED",
        createdAt: failedAt - 40,
        stoppedAt: failedAt,
        stopCode: "TaskFailedToStart",
        stoppedReason: reason,
        version: 5,
        tags: [],
        attachments: [
          {
            id: "8adcdc13-a1cc-40bf-8e62-83be3500a229",
            type: "ElasticNetworkInterface",
            status: "DELETED",
            details: [
              { name: "subnetId", value: "subnet-a" },
              { name: "networkInterfaceId", value: "eni-0e380a5ed4698a054" },
            ],
          },
        ],
        containers: [
          {
            containerArn: arn(`container/${cluster}/${TASK_ID}/dc676c3c-9df2-40af-8100-0a32d6008d92`),
            taskArn,
            name: "web",
            image,
            lastStatus: "STOPPED",
            networkInterfaces: [],
            cpu: "0",
          },
        ],
      },
    ],
    serviceDeployments: [
      {
        serviceDeploymentArn: arn(`service-deployment/${cluster}/${name}/Zx1cV2bN3mQ4wE5rT6yU7`),
        serviceArn: arn(`service/${cluster}/${name}`),
        clusterArn,
        createdAt: deployedAt,
        startedAt: deployedAt + 1,
        updatedAt: failedAt,
        sourceServiceRevisions: [],
        targetServiceRevision: {
          arn: revisionArn,
          requestedTaskCount: 1,
          runningTaskCount: 0,
          pendingTaskCount: 0,
        },
        status: "IN_PROGRESS",
        lifecycleStage: "SCALE_UP",
      },
    ],
    serviceRevisions: [
      {
        serviceRevisionArn: revisionArn,
        serviceArn: arn(`service/${cluster}/${name}`),
        clusterArn,
        taskDefinition: definitionArn,
        launchType: "FARGATE",
        platformVersion: "1.4.0",
        platformFamily: "Linux",
        containerImages: [{ containerName: "web", image, imageDigest: digest }],
        guardDutyEnabled: false,
        createdAt: deployedAt,
      },
    ],
    definitions: [
      {
        taskDefinition: {
          taskDefinitionArn: definitionArn,
          family: name,
          revision: 42,
          status: "ACTIVE",
          networkMode: "awsvpc",
          cpu: "256",
          memory: "512",
          requiresCompatibilities: ["FARGATE"],
          compatibilities: ["EC2", "FARGATE"],
          executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/${name}-execution`,
          requiresAttributes: [{ name: "ecs.capability.task-eni" }],
          placementConstraints: [],
          volumes: [],
          registeredAt: deployedAt - 60,
          registeredBy: `arn:aws:iam::${ACCOUNT}:user/ada`,
          // A member that no SDK of today knows: it has to come through.
          memberOfNextYear: { kept: true },
          containerDefinitions: [
            {
              name: "web",
              image,
              cpu: 0,
              essential: true,
              environment: [{ name: "MODE", value: "live" }],
              mountPoints: [],
              volumesFrom: [],
              portMappings: [{ containerPort: 80, hostPort: 80, protocol: "tcp" }],
              systemControls: [],
            },
          ],
        },
        tags: [{ key: "team", value: "shop" }],
      },
    ],
  };
}

/** What EventBridge says of a stopped task: the same members, times in ISO 8601. */
export function eventOf(task: Document, others: Document = {}): Document {
  const time = (seconds: unknown) => new Date(Number(seconds) * 1000).toISOString();
  const { tags: _, createdAt, stoppedAt, ...detail } = task;
  return {
    version: "0",
    id: "59c51c2b-2e4f-408c-8a90-055afb00236e",
    "detail-type": "ECS Task State Change",
    source: "aws.ecs",
    account: ACCOUNT,
    time: time(stoppedAt),
    region: REGION,
    resources: [task.taskArn],
    detail: { ...detail, createdAt: time(createdAt), stoppedAt: time(stoppedAt), updatedAt: time(stoppedAt) },
    ...others,
  };
}
