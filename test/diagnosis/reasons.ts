/**
 * Reasons as Fargate, the agent, Docker and ECS word them, each with the cause that its words lead to first, and the launch
 * type where that changes the cause. Ids and names are ours; the words are from public reports or from AWS's pages.
 */

import type { CauseCode } from "../../src/diagnosis/causes.ts";

type Row = readonly [launchType: "FARGATE" | "EC2", cause: CauseCode, reason: string];

const ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
const PULL = "CannotPullContainerError: ";
const INIT = "ResourceInitializationError: ";
const AUTH = `${INIT}unable to pull secrets or registry auth: `;
const EXECUTION = "arn:aws:sts::123456789012:assumed-role/web-execution/7cd1d2b54911b95b06b1c423bd551f2f";
const DIGEST = "sha256:5de42dc0b4a1f7e2f11a3cd5d0f2b26a6c7a6d0a9c3b1d2e3f405162738495a0";

// biome-ignore format: a table is read by its columns
export const REASONS: readonly Row[] = [
  // The way
  ["FARGATE", "no-way-to-ecr-api",              `${AUTH}execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed caused by: Post "https://api.ecr.us-east-1.amazonaws.com/": dial tcp 52.46.146.144:443: i/o timeout`],
  ["FARGATE", "no-way-to-ecr-api",              `${AUTH}operation error ECR: GetAuthorizationToken, exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , request send failed, Post "https://api.ecr.me-central-1.amazonaws.com/": dial tcp 3.28.72.11:443: i/o timeout.`],
  ["FARGATE", "sg-egress-blocks-endpoint",      `${PULL}failed to resolve ref ${ECR}/app:1: failed to do request: Head "https://${ECR}/v2/app/manifests/1": dial tcp 10.1.2.3:443: i/o timeout`],
  ["FARGATE", "no-way-to-ecr",                  `${PULL}failed to resolve ref ${ECR}/app:1: failed to do request: Head "https://${ECR}/v2/app/manifests/1": dial tcp 52.94.1.2:443: i/o timeout`],
  ["FARGATE", "s3-gateway-endpoint-missing",    `${PULL}ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/aa": dial tcp 3.5.149.131:443: i/o timeout`],
  ["FARGATE", "no-way-to-docker-hub",           `${PULL}ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: failed to do request: Get https://production.cloudflare.docker.com/registry-v2/docker/blobs: dial tcp 104.16.1.2:443: i/o timeout`],
  ["FARGATE", "no-way-to-registry",             `${PULL}failed to resolve ref ghcr.io/acme/app:1: failed to do request: Head "https://ghcr.io/v2/acme/app/manifests/1": dial tcp 140.82.1.2:443: i/o timeout`],
  ["FARGATE", "registry-refuses-connection",    `${PULL}failed to resolve ref registry.example.com:5000/app:1: failed to do request: Head "https://registry.example.com:5000/v2/app/manifests/1": dial tcp 203.0.113.4:5000: connect: connection refused`],
  ["FARGATE", "dns-fails",                      `${PULL}failed to resolve ref docker.io/library/nginx:1: failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 172.31.0.2:53: no such host`],
  ["FARGATE", "dns-fails",                      `${PULL}inspect image has been retried 5 time(s): failed to resolve ref "docker.io/library/nginx:1": failed to do request: Head https://registry-1.docker.io/v2/library/nginx/manifests/1: dial tcp: lookup registry-1.docker.io on 172.31.0...`],
  ["EC2",     "registry-certificate-not-trusted", `${PULL}Error response from daemon: Get https://my.private.registry/v2/: x509: certificate signed by unknown authority`],
  ["FARGATE", "dns-leads-to-other-host",        `${PULL}failed to do request: Head "https://ghcr.io/v2/a/manifests/1": x509: certificate is valid for *.example.com, not ghcr.io`],
  ["FARGATE", "registry-token-failed",          `${PULL}inspect image has been retried 1 time(s): failed to resolve ref "docker.io/library/nginx:1": failed to authorize: failed to fetch anonymous token: Get "https://auth.docker.io/token?scope=x": EOF`],
  ["FARGATE", "no-way-to-ssm",                  "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secrets from ssm: The task cannot pull secrets from AWS Systems Manager. There is a connection issue between the task and AWS Systems Manager Parameter Store. Check your task network configuration."],
  ["FARGATE", "no-way-to-cloudwatch-logs",      `${INIT}failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. Check your network configuration. : signal: killed`],
  ["FARGATE", "no-way-to-cloudwatch-logs",      `${INIT}failed to validate logger args::signal:killed`],
  // The registry's no
  ["FARGATE", "digest-of-deployment-gone-or-repository-denied", `${PULL}pull image manifest has been retried 1 time(s): failed to resolve ref ${ECR}/app:latest@${DIGEST}: unexpected status from HEAD request to https://${ECR}/v2/app/blobs/${DIGEST}: 403 Forbidden`],
  ["FARGATE", "image-is-a-bare-digest",         `${PULL}failed to resolve ref docker.io/library/${DIGEST}: pull access denied, repository does not exist or may require authorization`],
  ["EC2",     "tag-not-in-repository",          `${PULL}Error response from daemon: manifest for nginx:0f6b not found: manifest unknown: manifest unknown`],
  ["EC2",     "tag-not-in-repository",          `${PULL}API error (404): Tag latest not found in repository docker.io/library/owncloud`],
  ["EC2",     "registry-credentials-refused",   `${PULL}API error (500): Get https://registry-1.docker.io/v2/acme/app/manifests/1: unauthorized: incorrect username or password`],
  ["FARGATE", "pull-through-cache-credentials-refused", `${PULL}pull access denied for ${ECR}/docker-hub/library/nginx, repository does not exist or may require authorization: denied: The authentication to the upstream registry failed. Verify that the credentials provided in the pull through cache rule are correct, and try again.`],
  ["EC2",     "pull-through-cache-may-not-fill", `${PULL}Error response from daemon: manifest for ${ECR}/ecr-public/nginx:1 not found: manifest unknown: Requested image not found`],
  ["EC2",     "repository-missing",             `${PULL}Error response from daemon: repository ${ECR}/app not found: name unknown: The repository with name 'app' does not exist in the registry with id '123456789012'`],
  ["EC2",     "role-may-not-get-ecr-token",     "CannotPullECRContainerError: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/ecsInstanceRole/i-0123456789abcdef0 is not authorized to perform: ecr:GetAuthorizationToken on resource: * status code: 400"],
  ["FARGATE", "endpoint-policy-denies",         `${PULL}User: ${EXECUTION} is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:123456789012:repository/app because no VPC endpoint policy allows the ecr:BatchGetImage action`],
  ["EC2",     "image-reference-invalid",        `${PULL}Error response from daemon: invalid reference format`],
  ["FARGATE", "digest-of-deployment-gone-or-repository-denied", `${PULL}failed to resolve ref ${ECR}/app:latest@${DIGEST}: ${ECR}/app:latest@${DIGEST}: not found`],
  ["FARGATE", "no-such-repository-or-private",  `${PULL}failed to resolve ref ghcr.io/acme/app:1: failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token: 403 Forbidden`],
  ["FARGATE", "registry-fails",                 `${PULL}failed to resolve ref docker.io/library/nginx:1: unexpected status from HEAD request to https://registry-1.docker.io/v2/library/nginx/manifests/1: 503 Service Unavailable`],
  // The bytes
  ["FARGATE", "image-has-no-manifest-for-platform", `${PULL}pull image manifest has been retried 7 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'`],
  ["EC2",     "image-has-no-manifest-for-platform", `${PULL}no matching manifest for linux/amd64 in the manifest list entries`],
  ["FARGATE", "image-is-no-container-image",    `${PULL}failed to get stream processor for application/vnd.in-toto+json: no processor for media-type: unknown`],
  ["EC2",     "instance-disk-full",             `${PULL}failed to register layer: write /usr/lib/x: no space left on device`],
  ["FARGATE", "image-of-other-architecture",    "CannotStartContainerError: standard_init_linux.go:228: exec user process caused: exec format error"],
  // Secrets and roles
  ["FARGATE", "execution-role-may-not-read-secret", "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf from secrets manager: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/web-execution/7cd1d2b54911b95b06b1c423bd551f2f is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf because no identity-based policy allows the secretsmanager:GetSecretValue action status code: 400"],
  ["FARGATE", "secret-missing",                 "ResourceInitializationError: unable to pull secrets or registry auth: ResourceNotFoundException: The task can't retrieve the secret with ARN 'arn:aws:secretsmanager:us-east-1:123456789012:secret:db' from AWS Secrets Manager. Check whether the secret exists in the specified Region. ResourceNotFoundException: Fetching secret data from AWS Secrets Manager in region us-east-1: secret arn:x: ResourceNotFoundException: Secrets Manager can't find the specified secret."],
  ["FARGATE", "secret-is-no-json",              `${AUTH}unable to retrieve secret from asm: invalid character '\\'' looking for beginning of value`],
  ["FARGATE", "parameter-missing",              `${AUTH}unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid parameters: /prod/db`],
  ["FARGATE", "registry-credentials-malformed", `${AUTH}unable to get registry auth from asm: asm fetching username/password: AuthorizationData is malformed, empty field`],
  ["FARGATE", "secret-reference-invalid",       "ResourceInitializationError: unable to pull secrets or registry auth: an invalid ARN format for the AWS Secrets Manager secret was specified. Specify a valid ARN and try again."],
  ["FARGATE", "task-role-not-assumable",        "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/web-task' that was provided for this task. Please verify that the role being passed has the proper trust relationship"],
  // Logs, files, volumes
  ["FARGATE", "log-group-missing",              `${INIT}failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1`],
  ["FARGATE", "log-region-invalid",             `${INIT}failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: MissingEndpoint: 'Endpoint' configuration is required for this service`],
  ["EC2",     "execution-role-may-not-write-logs", `CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: AccessDeniedException: User: ${EXECUTION} is not authorized to perform: logs:CreateLogStream on resource: arn:aws:logs:us-east-1:123456789012:log-group:/ecs/web:log-stream:x`],
  ["FARGATE", "efs-mount-refused",              "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: mount.nfs4: Connection reset by peer : unsuccessful EFS utils command execution; code: 32"],
  ["FARGATE", "efs-root-directory-missing",     "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: mount.nfs4: mounting fs-0123456789abcdef0.efs.us-east-1.amazonaws.com:/data failed, reason given by server: No such file or directory : unsuccessful EFS utils command execution; code: 32"],
  ["FARGATE", "ebs-volume-not-attached",        "ECS timed out while configuring the EBS volume attachment to your Task"],
  // The interface
  ["FARGATE", "eni-provisioning-timeout",       "Timeout waiting for network interface provisioning to complete."],
  ["EC2",     "eni-not-attached",               `${INIT}failed to configure ENI: failed to setup regular eni: netplugin failed with no error message`],
  ["FARGATE", "ephemeral-storage-provisioning-timeout", "Timeout waiting for EphemeralStorage provisioning to complete"],
  // Placement
  ["EC2",     "no-instance-with-free-gpu",      "TaskFailedToStart: RESOURCE:GPU"],
  ["EC2",     "no-instance-with-free-memory",   "(service web) was unable to place a task because no container instance met all of its requirements. The closest matching container-instance 0123 has insufficient memory available."],
  ["EC2",     "no-container-instance",          "(service web) was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster."],
  ["EC2",     "container-agent-disconnected",   '(service web) was unable to place a task because no container instance met all of its requirements. The closest matching container-instance 0123 encountered error "AGENT".'],
  ["EC2",     "placement-constraint-unsatisfied", "(service web) was unable to place a task because no container instance met all of its requirements. The closest matching container-instance 0123 is missing an attribute required by your task."],
  ["FARGATE", "fargate-quota-reached",          "(service web) was unable to place a task. Reason: You've reached the limit on the number of vCPUs you can run concurrently"],
  ["FARGATE", "fargate-capacity-unavailable",   "RESOURCE:FARGATE"],
  ["FARGATE", "fargate-capacity-unavailable",   "(service web) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone"],
  ["FARGATE", "see-tasks-of-the-deployment",    "ECS deployment circuit breaker: tasks failed to start."],
  // The container
  ["EC2",     "container-out-of-memory",        "OutOfMemoryError: Container killed due to memory usage"],
  ["EC2",     "docker-too-slow-to-start",       "DockerTimeoutError: Could not transition to started; timed out after waiting 8m0s"],
  ["FARGATE", "container-runtime-timeout",      "ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m"],
  ["EC2",     "host-port-taken",                "CannotStartContainerError: Error response from daemon: driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated"],
  ["EC2",     "mount-not-possible",             "CannotStartContainerError: Error response from daemon: OCI runtime create failed: error mounting \"/host/x\" to rootfs at \"/etc/x\": not a directory"],
  ["FARGATE", "container-health-check-failed",  "Task failed container health checks"],
  ["FARGATE", "load-balancer-health-check-failed", "(service web) (port 8000) is unhealthy in (target-group arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1) due to (reason Health checks failed)"],
  ["FARGATE", "stopped-on-purpose",             "Scaling activity initiated by (deployment ecs-svc/1234567890123456789)"],
];
