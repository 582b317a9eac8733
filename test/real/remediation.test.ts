/**
 * The whole remediation against real servers: moto as AWS, three docker-registry processes as Docker Hub, ECR Public
 * and ECR, images pushed and checked by skopeo, and the command line as a person runs it.
 */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  ListTaskDefinitionsCommand,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import { CreateAliasCommand, CreateFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Outcome } from "../../src/remediation/report/outcome.ts";
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, type Moto, startMoto } from "../support/aws/moto.ts";
import { type DockerRegistry, startDockerRegistry } from "../support/registries/docker-registry.ts";
import { OciLayout } from "../support/registries/oci-layout.ts";

const run = promisify(execFile);
const REGION = "us-east-1";
const ECR = `${MOTO_ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com`;

let folder: string;
let moto: Moto;
let hub: DockerRegistry;
let ecrPublic: DockerRegistry;
let ecr: DockerRegistry;
let ecs: ECSClient;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "repull-real-"));
  [moto, hub, ecrPublic, ecr] = await Promise.all([
    startMoto(),
    startDockerRegistry(),
    startDockerRegistry(),
    startDockerRegistry(),
  ]);
  ecs = new ECSClient({ region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS });
  await ecs.send(new CreateClusterCommand({ clusterName: "prod" }));
  env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: MOTO_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: MOTO_CREDENTIALS.secretAccessKey,
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL: moto.url,
    REPULL_REGISTRY_ENDPOINTS: `registry-1.docker.io=${hub.url},public.ecr.aws=${ecrPublic.url},${ECR}=${ecr.url}`,
  };
});
afterAll(async () => {
  await Promise.all([moto, hub, ecrPublic, ecr].map((server) => server?.stop()));
  await rm(folder, { recursive: true, force: true });
});

/** Builds an image of these platforms and pushes it; answers nothing, because skopeo is asked later. */
async function push(
  name: string,
  platforms: readonly string[],
  registry: DockerRegistry,
  repository: string,
): Promise<void> {
  const layout = new OciLayout(join(folder, name));
  const children = await Promise.all(
    platforms.map((architecture) => layout.image({ os: "linux", architecture }, [60_000, 2_000])),
  );
  const [only] = children;
  if (only === undefined) throw new Error("no platform");
  await layout.tag(children.length === 1 ? only : await layout.index(children), "it");
  await copy(`oci:${join(folder, name)}:it`, `${registry.host}/${repository}`);
}

async function copy(source: string, target: string): Promise<void> {
  const plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];
  await run("skopeo", ["--insecure-policy", "copy", "--all", ...plain, source, `docker://${target}`]);
}

type Raw = {
  readonly digest: string;
  readonly manifests?: readonly {
    readonly digest: string;
    readonly platform?: { readonly architecture: string };
  }[];
};

/** A manifest as skopeo reads it: its digest, and the children of an index. */
async function manifestOf(registry: DockerRegistry, name: string): Promise<Raw> {
  const { stdout } = await run("skopeo", [
    "inspect",
    "--raw",
    "--tls-verify=false",
    `docker://${registry.host}/${name}`,
  ]);
  const file = join(folder, "raw.json");
  await writeFile(file, stdout);
  const { stdout: digest } = await run("skopeo", ["manifest-digest", file]);
  return { ...(JSON.parse(stdout) as object), digest: digest.trim() };
}

/** A service of the operator's: everything but the image must come through unchanged. */
async function createService(name: string, image: string): Promise<string> {
  const { taskDefinition } = await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: name,
      networkMode: "bridge",
      executionRoleArn: `arn:aws:iam::${MOTO_ACCOUNT}:role/${name}-execution`,
      taskRoleArn: `arn:aws:iam::${MOTO_ACCOUNT}:role/${name}`,
      cpu: "256",
      memory: "512",
      runtimePlatform: { cpuArchitecture: "X86_64", operatingSystemFamily: "LINUX" },
      volumes: [{ name: "cache", host: {} }],
      containerDefinitions: [
        {
          name: "web",
          image,
          essential: true,
          memory: 256,
          environment: [{ name: "MODE", value: "live" }],
          mountPoints: [{ sourceVolume: "cache", containerPath: "/cache" }],
          portMappings: [{ containerPort: 80, hostPort: 0, protocol: "tcp" }],
          healthCheck: { command: ["CMD-SHELL", "true"], interval: 10 },
          logConfiguration: { logDriver: "awslogs", options: { "awslogs-group": "/web" } },
        },
        { name: "sidecar", image: "public.ecr.aws/acme/sidecar:1", essential: false, memory: 64 },
      ],
      tags: [{ key: "team", value: "shop" }],
    }),
  );
  await ecs.send(
    new CreateServiceCommand({
      cluster: "prod",
      serviceName: name,
      taskDefinition: name,
      desiredCount: 2,
      launchType: "EC2",
    }),
  );
  return taskDefinition?.taskDefinitionArn ?? "";
}

/** The sample event, of this service and revision. */
async function eventFor(service: string, taskDefinitionArn: string, image: string): Promise<string> {
  const event = JSON.parse(await readFile(new URL("../../events/ec2-service.json", import.meta.url), "utf8"));
  event.detail.group = `service:${service}`;
  event.detail.taskDefinitionArn = taskDefinitionArn;
  const { services } = await ecs.send(new DescribeServicesCommand({ cluster: "prod", services: [service] }));
  event.detail.startedBy = services?.[0]?.deployments?.[0]?.id;
  for (const container of event.detail.containers)
    if (container.reason !== undefined) Object.assign(container, { name: "web", image });
  const file = join(folder, `${service}.json`);
  await writeFile(file, JSON.stringify(event));
  return file;
}

async function replay(file: string, ...flags: string[]): Promise<Outcome> {
  const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;
  const args = [main, "replay", file, "--aws", "--no-stack", "--no-wait", "--json", ...flags];
  const { stdout } = await run(process.execPath, args, { env });
  return JSON.parse(stdout) as Outcome;
}

async function currentOf(service: string) {
  const { services } = await ecs.send(new DescribeServicesCommand({ cluster: "prod", services: [service] }));
  const arn = services?.[0]?.taskDefinition ?? "";
  const { taskDefinition, tags } = await ecs.send(
    new DescribeTaskDefinitionCommand({ taskDefinition: arn, include: ["TAGS"] }),
  );
  return { arn, taskDefinition, tags };
}

/** What must not change: everything in the source but the one image. */
function othersOf(taskDefinition: Awaited<ReturnType<typeof currentOf>>["taskDefinition"]) {
  const { taskDefinitionArn: _arn, revision: _revision, registeredAt: _at, ...rest } = taskDefinition ?? {};
  return {
    ...rest,
    containerDefinitions: rest.containerDefinitions?.map((container) =>
      container.name === "web" ? { ...container, image: "…" } : container,
    ),
  };
}

describe("a service on a Docker Hub image, whose event is replayed in the account", () => {
  const table = [
    ["official", "an official image runs from ECR Public", "nginx:1.25", ["amd64", "arm64"], true],
    ["vendor", "another image runs from its copy in ECR", "grafana/grafana:11", ["amd64"], false],
    [
      "platform",
      "of an index, the tasks' platform runs from its copy in ECR",
      "acme/api:2",
      ["amd64", "arm64"],
      false,
    ],
  ] as const;

  for (const [service, sentence, image, platforms, isOnPublic] of table) {
    test(sentence, async () => {
      const repository = image.includes("/") ? image : `library/${image}`;
      await push(service, platforms, hub, repository);
      if (isOnPublic)
        await copy(`docker://${hub.host}/${repository}`, `${ecrPublic.host}/docker/${repository}`);
      const former = await createService(service, image);
      const event = await eventFor(service, former, image);
      const before = await currentOf(service);

      const planned = await replay(event);
      expect(planned).toMatchObject({ outcome: "dry-run" });
      expect((await currentOf(service)).arn).toBe(former);

      const outcome = await replay(event, "--yes");
      expect(outcome).toMatchObject({ outcome: "redeployed", formerTaskDefinition: former });

      const now = await currentOf(service);
      expect(now.arn).toBe(outcome.newTaskDefinition);
      expect(now.arn).not.toBe(former);
      expect(othersOf(now.taskDefinition)).toEqual(othersOf(before.taskDefinition));
      expect(now.tags).toContainEqual({ key: "team", value: "shop" });

      const written =
        now.taskDefinition?.containerDefinitions?.find(({ name }) => name === "web")?.image ?? "";
      const [place = "", digest = ""] = written.split("@");
      const origin = await manifestOf(hub, repository);
      const allowed =
        platforms.length > 1 && !isOnPublic
          ? (origin.manifests ?? [])
              .filter(({ platform }) => platform?.architecture === "amd64")
              .map((child) => child.digest)
          : [origin.digest];
      expect(allowed).toContain(digest);
      const [host, holder] = isOnPublic ? (["public.ecr.aws", ecrPublic] as const) : ([ECR, ecr] as const);
      expect(place.startsWith(`${host}/`)).toBe(true);
      expect((await manifestOf(holder, `${place.slice(host.length + 1)}@${digest}`)).digest).toBe(digest);

      const again = await replay(event, "--yes");
      expect(again.outcome).toBe("ignored");
      expect(again.because).toContain("already done");
      expect((await currentOf(service)).arn).toBe(now.arn);
      const { taskDefinitionArns } = await ecs.send(
        new ListTaskDefinitionsCommand({ familyPrefix: service }),
      );
      expect(taskDefinitionArns).toHaveLength(2);
    });
  }
});

describe("a service that is well, by hand", () => {
  const byHand = async (
    ...args: readonly string[]
  ): Promise<{ status: number; out: string; err: string }> => {
    const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;
    try {
      const { stdout, stderr } = await run(process.execPath, [main, ...args], { env });
      return { status: 0, out: stdout, err: stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { status: code, out: stdout, err: stderr };
    }
  };

  test("is planned, moved to a copy in ECR with its progress shown, found by history, and needs nothing more", async () => {
    await push("by-hand", ["amd64"], hub, "grafana/loki:3");
    const former = await createService("by-hand", "grafana/loki:3");

    const planned = await byHand("plan", "by-hand");
    expect(planned.out).toContain("grafana/loki:3 (web) today from Docker Hub, pulled anonymously");
    expect(planned.out).toContain("→ use mirror: copy ");
    expect(planned.out).toContain("next: repull fix by-hand --cluster prod");
    expect(planned.err).toContain("no stack of Repull is deployed in us-east-1");
    expect(planned.status).toBe(0);
    expect((await currentOf("by-hand")).arn).toBe(former);

    expect(await byHand("fix", "by-hand", "--no-stack")).toMatchObject({ status: 2, out: "" });
    expect((await currentOf("by-hand")).arn).toBe(former);

    const fixed = await byHand("fix", "by-hand", "--no-stack", "--yes", "--no-wait");
    expect(fixed.err).toMatch(/[0-9a-f]{12} .* copied/);
    expect(fixed.out).toContain("copied to ECR/repull/docker.io/grafana/loki:3");
    expect(fixed.out).toContain("changed: by-hand:1 → by-hand:2");
    expect(fixed.status).toBe(0);
    const now = await currentOf("by-hand");
    const [place = "", digest = ""] = (
      now.taskDefinition?.containerDefinitions?.find(({ name }) => name === "web")?.image ?? ""
    ).split("@");
    expect(place).toBe(`${ECR}/repull/docker.io/grafana/loki`);
    expect(digest).toBe((await manifestOf(hub, "grafana/loki:3")).digest);
    expect((await manifestOf(ecr, `repull/docker.io/grafana/loki@${digest}`)).digest).toBe(digest);

    expect((await byHand("history")).out).toMatch(/by-hand +prod\/by-hand +by-hand:1 → by-hand:2 +active/);
    const again = await byHand("fix", "by-hand", "--no-stack", "--yes");
    expect(again.out).toContain("Nothing to do: no image of by-hand:2 comes from Docker Hub.");
    expect(again.status).toBe(0);
    expect((await byHand("undo", "by-hand", "--no-stack", "--yes", "--no-wait")).status).toBe(0);
    expect((await currentOf("by-hand")).arn).toMatch(/by-hand:1$/);
  });

  test("asks at a terminal, and only a yes is one", async () => {
    await push("asked", ["amd64"], hub, "acme/asked:1");
    const former = await createService("asked", "acme/asked:1");
    const answers = [
      ["no\n", former],
      // Ctrl-D and Ctrl-C, as a terminal sends them.
      ["\u0004", former],
      ["\u0003", former],
      ["y\n", former.replace(/1$/, "2")],
    ] as const;
    for (const [keys, revision] of answers) {
      const printed = await atTerminal(["fix", "asked", "--no-stack", "--no-wait"], "[y/N] ", keys, env);
      expect(printed).toContain(
        "Go on: bring the image into ECR, register a revision of asked and redeploy prod/asked?",
      );
      expect(printed.includes("nothing was changed")).toBe(revision === former);
      expect((await currentOf("asked")).arn).toBe(revision);
    }
  });

  test("stops watching at Ctrl-C, and says how far it is", async () => {
    await push("watched", ["amd64"], hub, "acme/watched:1");
    await createService("watched", "acme/watched:1");
    // moto's rollouts never end.
    const printed = await atTerminal(
      ["fix", "watched", "--no-stack", "--yes"],
      "started to deploy watched:2",
      "\u0003",
      env,
    );
    expect(printed).toContain("started to deploy watched:2 in place of watched:1");
    expect(printed).toContain("interrupted: what is shown above is done");
    expect(printed).not.toMatch(/\n\s+at .*\.ts:\d+/);
  });

  test("goes by the policy and the kill switch of the deployed stack", async () => {
    await push("braked", ["amd64"], hub, "acme/braked:1");
    const former = await createService("braked", "acme/braked:1");
    const ssm = new SSMClient({ region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS });
    const put = (Name: string, Value: string) =>
      ssm.send(new PutParameterCommand({ Name, Value, Type: "String", Overwrite: true }));
    await put("/hands/policy", JSON.stringify({ waitForLimit: false }));
    await put("/hands/writes", "stopped by Ada");
    await deployFunction("hands-remediate", {
      REPULL_POLICY_PARAMETER: "/hands/policy",
      REPULL_MODE: "remediate",
      REPULL_MIRROR_PREFIX: "mirrors",
      REPULL_WRITES_PARAMETER: "/hands/writes",
    });

    const stopped = await byHand("fix", "braked", "--stack", "hands", "--yes", "--no-wait");
    expect(stopped.out).toContain("ECR/mirrors/docker.io/acme/braked");
    expect(stopped.err).toContain("the policy of the stack hands");
    expect(stopped.err).toContain("stopped by Ada");
    expect(stopped.status).toBe(4);
    expect((await currentOf("braked")).arn).toBe(former);

    await put("/hands/writes", "allowed");
    expect(await byHand("fix", "braked", "--stack", "hands", "--yes", "--no-wait")).toMatchObject({
      status: 0,
    });
    expect((await currentOf("braked")).arn).not.toBe(former);
  });
});

/** Runs a command at a terminal of its own (util-linux's `script`), and types once it is asked. */
async function atTerminal(
  args: readonly string[],
  question: string,
  keys: string,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;
  const command = [process.execPath, main, ...args].join(" ");
  const terminal = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    env: environment,
  });
  let printed = "";
  let isAsked = false;
  terminal.stdout.on("data", (chunk) => {
    printed += chunk;
    if (isAsked || !printed.includes(question)) return;
    isAsked = true;
    terminal.stdin.write(keys);
  });
  const tooLong = setTimeout(() => terminal.kill("SIGKILL"), 60_000);
  await once(terminal, "close");
  clearTimeout(tooLong);
  return printed;
}

/** A function of the stack as far as its settings go. */
async function deployFunction(name: string, Variables: Record<string, string>): Promise<void> {
  const settings = { region: REGION, endpoint: moto.url, credentials: MOTO_CREDENTIALS };
  const form = {
    Action: "CreateRole",
    Version: "2010-05-08",
    RoleName: name,
    AssumeRolePolicyDocument: "{}",
  };
  await fetch(moto.url, {
    method: "POST",
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=test/20261120/${REGION}/iam/aws4_request, SignedHeaders=host, Signature=0`,
      "content-type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams(form),
  });
  const lambda = new LambdaClient(settings);
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Role: `arn:aws:iam::${MOTO_ACCOUNT}:role/${name}`,
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Code: { ZipFile: Buffer.from("UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==", "base64") },
      Environment: { Variables },
      Publish: true,
    }),
  );
  await lambda.send(new CreateAliasCommand({ FunctionName: name, Name: "live", FunctionVersion: "1" }));
}
