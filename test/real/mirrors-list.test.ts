/** `repull mirrors` over an account in moto: copies whose sources moved, vanished or stayed, and who uses them. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listCopies } from "../../src/cli/mirrors/list.ts";
import { mirrorsSchema } from "../../src/cli/mirrors/mirrors-line.ts";
import { digestOf } from "../../src/image/digest.ts";
import { type MirrorsAccount, startMirrorsAccount } from "../support/aws/mirrors-account.ts";
import { MOTO_CREDENTIALS } from "../support/aws/moto.ts";
import { commandIo, objectsIn } from "../support/command-io.ts";

const REPOSITORY = "repull/quay.io/org/app";
const HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

let account: MirrorsAccount;
let registry: Server;
const heads: string[] = [];
const tags = new Map<string, string>();

beforeAll(async () => {
  process.env.AWS_ACCESS_KEY_ID ??= MOTO_CREDENTIALS.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY ??= MOTO_CREDENTIALS.secretAccessKey;
  account = await startMirrorsAccount();
  registry = createServer(({ method, url = "" }, response) => {
    const [, tag = ""] = /\/v2\/org\/app\/manifests\/(.+)$/.exec(url) ?? [];
    if (tag !== "") heads.push(`${method} ${tag}`);
    const digest = tags.get(tag);
    if (digest === undefined) response.writeHead(url === "/v2/" ? 200 : 404).end();
    else
      response
        .writeHead(200, {
          "docker-content-digest": digest,
          "content-type": "application/vnd.oci.image.manifest.v1+json",
          "content-length": "2",
        })
        .end();
  });
  await new Promise<void>((listening) => registry.listen(0, "127.0.0.1", listening));
  await account.repository(REPOSITORY, "quay.io/org/app");
  await account.repository("own/app");
  const same = await account.push(REPOSITORY, "same", { tag: "1.0-" });
  tags.set("1.0", same);
  await account.push(REPOSITORY, "moved", { tag: "2.0-" });
  tags.set("2.0", digestOf("other bytes"));
  await account.push(REPOSITORY, "gone", { tag: "3.0-" });
  const platform = await account.push(REPOSITORY, "platform", { tag: "4.0-" });
  const index = digestOf("the index of 4.0");
  tags.set("4.0", index);
  await account.push(REPOSITORY, "proof", { tag: `index-${index.slice("sha256:".length)}` });
  await account.push(REPOSITORY, "foreign", { tag: "latest" });
  await account.push("own/app", "own", { tag: "1.0-" });
  const ecs = new ECSClient(account.settings);
  await ecs.send(new CreateClusterCommand({ clusterName: "prod" }));
  const image = `${HOST}/${REPOSITORY}:4.0-${platform.slice(7, 19)}`;
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: "web",
      containerDefinitions: [{ name: "web", memory: 64, image }],
    }),
  );
  await ecs.send(
    new CreateServiceCommand({ cluster: "prod", serviceName: "web", taskDefinition: "web", desiredCount: 0 }),
  );
}, 90_000);
afterAll(async () => {
  registry?.close();
  await account?.stop();
});

function io() {
  const { settings } = account;
  const port = (registry.address() as AddressInfo).port;
  return commandIo(
    {},
    {
      AWS_REGION: settings.region,
      AWS_ENDPOINT_URL: settings.endpoint,
      REPULL_REGISTRY_ENDPOINTS: `quay.io=http://127.0.0.1:${port}`,
    },
  );
}

describe("repull mirrors", () => {
  test("lists the copies of Repull alone, with source, state and users, and pulls nothing", async () => {
    account.calls.length = 0;
    const run = io();
    expect(await listCopies({ rights: false, json: true, stack: false }, run)).toBe(0);
    const [line] = objectsIn(run.printed.out);
    const told = mirrorsSchema.parse(line);
    expect(Object.fromEntries(told.copies.map(({ source, sourceState }) => [source, sourceState]))).toEqual({
      "quay.io/org/app:1.0": "same",
      "quay.io/org/app:2.0": "moved",
      "quay.io/org/app:3.0": "gone",
      "quay.io/org/app:4.0": "same",
    });
    expect(told.copies.map(({ usedBy }) => usedBy.map(({ place }) => place).toSorted())).toEqual([
      [],
      [],
      [],
      ["service-revisions", "services", "task-definitions"],
    ]);
    expect(told.unread).toEqual([]);
    expect(told.storage.images).toBe(6);
    expect(heads.toSorted()).toEqual(["HEAD 1.0", "HEAD 2.0", "HEAD 3.0", "HEAD 4.0"]);
    expect(
      account.calls.filter((action) =>
        /^(?:BatchGetImage|Get(?!C)\w*Layer|Put|Create|Delete|Batch\w*Delete)/.test(action),
      ),
    ).toEqual([]);
  });

  test("prints the same as a table", async () => {
    const run = io();
    expect(await listCopies({ rights: false, json: false, stack: false }, run)).toBe(0);
    for (const word of ["quay.io/org/app:2.0", "moved", "web", "us-east-1"])
      expect(run.printed.out).toContain(word);
  });

  test("names a list that may not be read, shows the rest, and ends with status 5", async () => {
    account.override = (action) =>
      action === "ListTaskDefinitions"
        ? { status: 400, body: { __type: "AccessDeniedException", message: "no" } }
        : undefined;
    const run = io();
    expect(await listCopies({ rights: false, json: true, stack: false }, run)).toBe(5);
    account.override = () => undefined;
    const told = mirrorsSchema.parse(objectsIn(run.printed.out)[0]);
    expect(told.copies).toHaveLength(4);
    expect(told.unread.join()).toContain("ecs:ListTaskDefinitions");
  });
});
