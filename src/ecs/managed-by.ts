/**
 * Who writes the task definition: the stack, the application or the tool that would bring an old image back.
 *
 * CloudFormation and Copilot sign what they make with tags of their own; users of Terraform and Pulumi tag by custom. A
 * tag proves nothing, so it only decides whose words describe the change to the source.
 */

export type ManagedBy =
  | { readonly kind: "cloudformation" | "cdk"; readonly stack: string; readonly logicalId?: string }
  | { readonly kind: "copilot"; readonly application: string; readonly service: string }
  | { readonly kind: "terraform" }
  | { readonly kind: "pulumi" };

/** One image of the task definition, and what was put in its place. */
export type ImageChange = {
  readonly containers: readonly string[];
  readonly image: string;
  readonly substitute: string;
};

type Tags = Readonly<Record<string, string>>;

/** CDK ends a construct's logical id with eight digits of a hash. */
const CDK_ID = /[0-9A-F]{8}$/;
/** Customs, not rules: `managed-by=terraform`, `ManagedBy: Terraform`, `terraform=true`. */
const BY_CUSTOM =
  /^(?:managed[-_ ]?by|created[-_ ]?by|provisioner|provisioned[-_ ]?by|iac|tool|terraform|opentofu|pulumi)$/i;

/** Who manages a service or its task definition, by their tags; undefined where none names one. The first that does wins. */
export function managedBy(...tagged: readonly Tags[]): ManagedBy | undefined {
  for (const read of [byCopilot, byCloudFormation, byCustom]) {
    for (const tags of tagged) {
      const found = read(tags);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function byCopilot(tags: Tags): ManagedBy | undefined {
  const { "copilot-application": application, "copilot-service": service } = tags;
  return application && service ? { kind: "copilot", application, service } : undefined;
}

function byCloudFormation(tags: Tags): ManagedBy | undefined {
  const stack = tags["aws:cloudformation:stack-name"];
  const logicalId = tags["aws:cloudformation:logical-id"];
  if (!stack) return undefined;
  const kind = CDK_ID.test(logicalId ?? "") ? "cdk" : "cloudformation";
  return { kind, stack, ...(logicalId ? { logicalId } : {}) };
}

function byCustom(tags: Tags): ManagedBy | undefined {
  for (const [key, value] of Object.entries(tags)) {
    if (!BY_CUSTOM.test(key)) continue;
    const told = `${key}=${value}`;
    if (/terraform|opentofu/i.test(told) && !/^(?:false|no|off)$/i.test(value)) return { kind: "terraform" };
    if (/pulumi/i.test(told)) return { kind: "pulumi" };
  }
  return undefined;
}

/** What to change in the source, with a patch of each image's line. */
export function sourceChange(
  by: ManagedBy | undefined,
  { image, substitute, containers }: ImageChange,
): string {
  const what = `the image of container ${containers.join(", ")}`;
  const [before, after] = patchOf(by, image, substitute);
  return `change ${what} ${placeOf(by)}; otherwise the next deployment brings back the old image:\n-${before}\n+${after}`;
}

function placeOf(by: ManagedBy | undefined): string {
  switch (by?.kind) {
    case "cloudformation":
    case "cdk": {
      const resource = by.logicalId === undefined ? "" : `, resource ${by.logicalId}`;
      const source = by.kind === "cdk" ? "in the CDK code of the stack" : "in the template of the stack";
      return `${source} ${by.stack}${resource}`;
    }
    case "copilot":
      return `in copilot/${by.service}/manifest.yml of the application ${by.application}`;
    case "terraform":
      return "in the Terraform resource aws_ecs_task_definition";
    case "pulumi":
      return "in the task definition of the Pulumi program";
    default:
      return "in the source of the task definition";
  }
}

function patchOf(by: ManagedBy | undefined, image: string, substitute: string): readonly [string, string] {
  const line = (text: string): string => {
    switch (by?.kind) {
      case "cloudformation":
        return `          Image: ${text}`;
      case "cdk":
        return `  image: ecs.ContainerImage.fromRegistry("${text}"),`;
      case "copilot":
        return `  location: ${text}`;
      case "terraform":
        return `      image = "${text}"`;
      default:
        return `      "image": "${text}",`;
    }
  };
  return [line(image), line(substitute)];
}
