/** A remedy in a sentence, with its command as a shell takes it. */

import type { StartRemedy, StartRemedyCode } from "./remedy.ts";

// biome-ignore format: a table is read by its columns
const WORDS: Readonly<Record<StartRemedyCode, string>> = {
  "substitute-image":            "let Repull find the same bytes elsewhere; the plan shows where",
  "give-public-address":         "give the tasks public addresses, or move them behind a NAT gateway",
  "make-way-out":                "give the subnet a way to the internet by a NAT gateway",
  "make-endpoint":               "make a VPC endpoint for the service, or a way to the internet",
  "open-egress":                 "let the security group send to it",
  "open-endpoint":               "let the tasks' security group in at the endpoint",
  "open-network-acl":            "allow 443 outwards and 1024-65535 inwards in the network ACL",
  "open-file-system":            "let the tasks' security group in at the mount targets by port 2049",
  "switch-dns-on":               "switch both DNS attributes of the VPC on, and look at its DHCP options and DNS firewall",
  "change-endpoint-policy":      "let the endpoint's policy allow the call",
  "change-public-access-block":  "make an exclusion of VPC Block Public Access for the subnet",
  "copy-image":                  "copy the image into ECR",
  "allow-role":                  "give the role the right",
  "change-refusing-policy":      "change the policy that refuses it: a further right of the role does not help",
  "trust-service":               "let the role trust the service; make the role where it is gone",
  "name-execution-role":         "name an execution role in the task definition",
  "deploy-again":                "deploy again: ECS then resolves the tag anew",
  "name-image-that-exists":      "name an image that is there, or push it",
  "restore-image":               "restore the image from ECR's archive (up to 20 minutes)",
  "build-for-platform":          "build and push the image for the task's platform",
  "set-in-task-definition":      "register a revision of the task definition with this, and deploy it",
  "make-log-group":              "make the log group",
  "correct-secret":              "correct the secret, or the reference to it",
  "make-mount-target":           "make a mount target in the task's Availability Zone",
  "add-subnets":                 "add subnets, in other Availability Zones, to the service",
  "add-capacity":                "add capacity: instances, a higher quota, or another capacity provider",
  "look-at-instance":            "look at the container instance: its agent, its disk, its load",
  "look-at-tasks":               "diagnose one of its stopped tasks",
  "look-at-container":           "read the container's last log lines",
  "look-at-target-group":        "read why the target group calls its targets unhealthy",
  "look-at-cache-rule":          "correct the credentials of the pull-through cache rule",
  "look-at-key":                 "enable the key, or use another",
  "ask-organization":            "let tasks have the tags that the organization's policy wants",
  "ask-support":                 "ask AWS Support why the account is blocked",
  "change-deployment-configuration": "let ECS start new tasks before it stops old ones, or the other way round",
  "lengthen-grace-period":       "let ECS wait longer before it heeds the load balancer",
  "name-subnets-and-groups":     "name subnets and security groups that exist",
  "name-task-role":              "name a task role in the task definition",
  "open-tasks":                  "let the load balancer and the tasks' security group meet by the port",
  "change-dns-firewall":         "let the DNS firewall's rules allow the name",
  "correct-hosted-zone":         "add the record to the private hosted zone, or take the zone off the VPC",
  "restore-service-role":        "restore the rights and the trust of ECS's service role",
  "try-again":                   "start once more: this passes, unless it comes back",
  none:                          "nothing is to be done",
};

export function formatRemedy({ code, command, setting }: StartRemedy): readonly string[] {
  return [
    WORDS[code],
    ...(setting === undefined ? [] : [`  ${setting.key} = ${JSON.stringify(setting.value)}`]),
    ...(command === undefined ? [] : [`  ${shellWords(command)}`]),
  ];
}

export function shellWords(command: readonly string[]): string {
  return command
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(" ");
}
