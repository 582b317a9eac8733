/**
 * Why a task does not start: every cause as a code, with the page of AWS about it.
 *
 * The codes are a closed union that scripts rest on. Sentences are made of them at the edge, in `format-cause.ts`.
 */

/** `https://docs.aws.amazon.com/AmazonECS/latest/developerguide/<page>.html`, unless the page is another guide's. (read 2026-11) */
const ecs = (page: string) => `https://docs.aws.amazon.com/AmazonECS/latest/developerguide/${page}.html`;
const PULL = ecs("task_cannot_pull_image");
const RESOURCE = ecs("resource-initialization-error");
const STOPPED = ecs("stopped-task-error-codes");
const EVENTS = ecs("service-event-messages-list");
const RUN_TASK = ecs("api_failures_messages");
const ENDPOINTS = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html";
const CACHE = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/error-pullthroughcache.html";
const vpc = (page: string) => `https://docs.aws.amazon.com/vpc/latest/userguide/${page}.html`;

// biome-ignore format: a table is read by its columns
export const CAUSES = {
  // The registry's limit
  "docker-hub-pull-limit":                            PULL,
  "docker-hub-abuse-limit":                           PULL,
  "registry-limit":                                   PULL,
  // The way to the registry
  "no-way-to-docker-hub":                             ecs("verify-connectivity"),
  "no-way-to-registry":                               ecs("verify-connectivity"),
  "no-way-to-ecr":                                    ENDPOINTS,
  "no-way-to-ecr-api":                                ENDPOINTS,
  "instance-has-no-way-to-ecr":                       ENDPOINTS,
  "instance-has-no-way-to-ecr-api":                   ENDPOINTS,
  "instance-has-no-way-to-ecs":                       ecs("vpc-endpoints"),
  "no-way-to-s3":                                     ENDPOINTS,
  "no-way-to-secrets-manager":                        RESOURCE,
  "no-way-to-ssm":                                    RESOURCE,
  "no-way-to-secrets-or-ecr":                         RESOURCE,
  "no-way-to-cloudwatch-logs":                        RESOURCE,
  "public-subnet-without-public-ip":                  ecs("fargate-task-networking"),
  "nat-gateway-not-available":                        vpc("nat-gateway-troubleshooting"),
  "route-is-blackhole":                               vpc("VPC_Route_Tables"),
  "public-access-blocked":                            vpc("security-vpc-bpa"),
  "vpc-dns-attributes-off":                           vpc("vpc-dns"),
  "endpoint-not-available":                           ENDPOINTS,
  "endpoint-policy-denies":                           ENDPOINTS,
  "endpoint-security-group-blocks":                   ENDPOINTS,
  "s3-gateway-endpoint-missing":                      ENDPOINTS,
  "sg-egress-blocks-endpoint":                        ENDPOINTS,
  "sg-egress-lacks-s3-prefix-list":                   ENDPOINTS,
  "sg-egress-blocks-internet":                        vpc("vpc-security-groups"),
  "sg-egress-blocks-file-system":                     ecs("efs-volumes"),
  "network-acl-blocks":                               vpc("vpc-network-acls"),
  "address-family-mismatch":                          ecs("fargate-task-networking"),
  "dns-fails":                                        vpc("vpc-dns"),
  "dns-firewall-blocks":                              "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall.html",
  "hosted-zone-hides-name":                           "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html",
  "registry-certificate-not-trusted":                 PULL,
  "dns-leads-to-other-host":                          vpc("vpc-dns"),
  "registry-refuses-connection":                      PULL,
  "registry-fails":                                   PULL,
  "registry-token-failed":                            PULL,
  "registry-host-misspelt":                           PULL,
  "pull-interrupted":                                 PULL,
  // What the registry says
  "pull-denied":                                      PULL,
  "role-may-not-pull":                                PULL,
  "role-may-not-get-ecr-token":                       PULL,
  "repository-policy-denies":                         "https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html",
  "registry-credentials-refused":                     PULL,
  "registry-credentials-malformed":                   ecs("private-auth"),
  "registry-credentials-secret-not-readable":         ecs("private-auth"),
  "no-such-repository-or-private":                    PULL,
  "repository-missing":                               PULL,
  "tag-not-in-repository":                            PULL,
  "image-archived":                                   "https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html",
  "digest-of-deployment-gone":                        ecs("deployment-type-ecs"),
  "digest-of-deployment-gone-or-repository-denied":   ecs("deployment-type-ecs"),
  "pull-through-cache-credentials-refused":           CACHE,
  "pull-through-cache-may-not-create-repository":     CACHE,
  "pull-through-cache-may-not-fill":                CACHE,
  // The bytes
  "image-reference-invalid":                          PULL,
  "image-is-a-bare-digest":                           PULL,
  "image-is-no-container-image":                      PULL,
  "image-has-no-manifest-for-platform":               PULL,
  "image-of-other-architecture":                      ecs("ecs-arm64"),
  "ephemeral-storage-full":                           ecs("fargate-task-storage"),
  "instance-disk-full":                               PULL,
  // Roles, secrets, logs
  "execution-role-missing":                           ecs("task_execution_IAM_role"),
  "execution-role-may-not-read-secret":               RESOURCE,
  "execution-role-may-not-read-parameter":            RESOURCE,
  "execution-role-may-not-decrypt":                   RESOURCE,
  "execution-role-may-not-create-log-group":          RESOURCE,
  "execution-role-may-not-write-logs":                RESOURCE,
  "execution-role-may-not-read-env-file":             RESOURCE,
  "secret-missing":                                   RESOURCE,
  "secret-has-no-value":                              RESOURCE,
  "secret-reference-invalid":                         ecs("secrets-envvar-secrets-manager"),
  "json-key-not-in-secret":                           RESOURCE,
  "secret-is-no-json":                                RESOURCE,
  "parameter-missing":                                RESOURCE,
  "key-not-usable":                                   "https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html",
  "log-group-missing":                                RESOURCE,
  "log-region-invalid":                               ecs("using_awslogs"),
  "log-driver-has-no-credentials":                    ecs("using_awslogs"),
  "log-destination-not-reached":                      ecs("using_firelens"),
  "env-file-missing":                                 ecs("use-environment-file"),
  "task-role-not-assumable":                          ecs("task-iam-roles"),
  "task-role-may-not-mount":                          "https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html",
  "iam-change-not-effective":                         "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html",
  "infrastructure-role-not-assumable":                ecs("troubleshoot-ebs-volumes-scenarios"),
  // Volumes and the network interface
  "efs-no-mount-target-in-zone-or-dns":               ecs("efs-volumes"),
  "efs-mount-refused":                                ecs("efs-volumes"),
  "efs-root-directory-missing":                       ecs("efs-volumes"),
  "efs-missing":                                      ecs("efs-volumes"),
  "efs-settings-invalid":                             ecs("efs-volumes"),
  "ebs-volume-not-attached":                          ecs("troubleshoot-ebs-volumes-scenarios"),
  "infrastructure-role-may-not-use-volume":           ecs("infrastructure_IAM_role"),
  "subnet-out-of-addresses":                          STOPPED,
  "tag-policy-refuses-eni":                           STOPPED,
  "eni-not-created":                                  STOPPED,
  "eni-not-attached":                                 STOPPED,
  "eni-provisioning-timeout":                         STOPPED,
  "ephemeral-storage-provisioning-timeout":           STOPPED,
  // Placement
  "no-instance-with-free-cpu":                        EVENTS,
  "no-instance-with-free-memory":                     EVENTS,
  "no-instance-with-free-gpu":                        RUN_TASK,
  "no-instance-with-free-port":                       EVENTS,
  "no-instance-with-free-eni":                        RUN_TASK,
  "no-container-instance":                            EVENTS,
  "capacity-provider-empty":                          RUN_TASK,
  "capacity-provider-at-maximum":                     ecs("cluster-auto-scaling"),
  "capacity-provider-does-not-scale":                 ecs("cluster-auto-scaling"),
  "instances-do-not-launch":                          "https://docs.aws.amazon.com/autoscaling/ec2/userguide/CHAP_Troubleshooting.html",
  "placement-constraint-unsatisfied":                 RUN_TASK,
  "container-agent-disconnected":                     RUN_TASK,
  "resource-missing-or-inactive":                     RUN_TASK,
  "account-blocked":                                  RUN_TASK,
  "infrastructure-role-may-not-launch":               ecs("infrastructure_IAM_role"),
  "ec2-quota-reached":                                EVENTS,
  "ec2-capacity-unavailable":                         EVENTS,
  "provisioning-limit-reached":                       EVENTS,
  "fargate-quota-reached":                            EVENTS,
  "fargate-capacity-unavailable":                     EVENTS,
  "see-tasks-of-the-deployment":                      ecs("deployment-circuit-breaker"),
  "deployment-configuration-blocks":                  EVENTS,
  "ecs-throttles-service":                            EVENTS,
  "api-calls-throttled":                              ecs("ecs_service_events"),
  "service-role-misconfigured":                       EVENTS,
  // The container's start, and its life
  "command-not-in-image":                             STOPPED,
  "user-not-in-image":                                STOPPED,
  "mount-not-possible":                               STOPPED,
  "host-port-taken":                                  STOPPED,
  "device-not-on-instance":                           STOPPED,
  "container-dependency-failed":                      ecs("task_definition_parameters"),
  "container-cannot-start":                           STOPPED,
  "docker-cannot-create":                             STOPPED,
  "docker-too-slow-to-create":                        STOPPED,
  "docker-too-slow-to-start":                         STOPPED,
  "docker-does-not-answer":                           ecs("cannot-inspect-container"),
  "container-runtime-timeout":                        ecs("container-runtime-timeout-error"),
  "container-runtime-error":                          STOPPED,
  "ecs-internal-error":                               STOPPED,
  "container-out-of-memory":                          STOPPED,
  "application-exited":                               STOPPED,
  "container-health-check-failed":                    ecs("healthcheck"),
  "load-balancer-health-check-failed":                ecs("troubleshoot-service-load-balancers"),
  "grace-period-too-short":                           ecs("load-balancer-healthcheck"),
  "task-security-group-blocks-load-balancer":         ecs("troubleshoot-service-load-balancers"),
  "load-balancer-security-group-blocks":              ecs("troubleshoot-service-load-balancers"),
  "targets-not-registered":                           ecs("troubleshoot-service-load-balancers"),
  "target-group-missing":                             ecs("troubleshoot-service-load-balancers"),
  "targets-not-in-vpc":                               ecs("troubleshoot-service-load-balancers"),
  "infrastructure-replaced":                          ecs("task-maintenance"),
  "spot-interrupted":                                 ecs("fargate-capacity-providers"),
  "stopped-on-purpose":                               STOPPED,
} as const;

export type CauseCode = keyof typeof CAUSES;

/** What a sentence and a remedy name: ids, hosts, codes. Never a value of a secret or of a variable. */
export type Params = Readonly<Record<string, string>>;

/** Where a text was found, as a path into the document. */
export type TextSource = { readonly field: string; readonly text: string };

/**
 * One cause that words lead to. `certain`: the words leave no other reading. `likely`: they narrow it down, and only the
 * account can say.
 */
export type Hypothesis = {
  readonly code: CauseCode;
  readonly certainty: "certain" | "likely";
  readonly params: Params;
  readonly source: TextSource;
};
