/** A served sandbox with copies of every kind of use, and the commands of `repull mirrors` in it. */

import { callJson } from "../../src/aws/client/calls/json-call.ts";
import { reportTableOf } from "../../src/aws/mirrors/reports/report-table.ts";
import { createReportWriter } from "../../src/aws/mirrors/reports/report-writer.ts";
import { listCopies } from "../../src/cli/mirrors/list.ts";
import { mirrorsSchema } from "../../src/cli/mirrors/mirrors-line.ts";
import { prune } from "../../src/cli/mirrors/prune.ts";
import { pruneSchema } from "../../src/cli/mirrors/prune-line.ts";
import { refresh } from "../../src/cli/mirrors/refresh.ts";
import { refreshSchema } from "../../src/cli/mirrors/refresh-line.ts";
import { createProgram } from "../../src/cli/program/create-program.ts";
import { getObject, getString } from "../../src/ecs/json-fields.ts";
import { certificateDigests, pagesOf } from "../../src/mirrors/reports/report-pages.ts";
import { commandIo, objectsIn } from "./command-io.ts";
import { pageCommands } from "./page-commands.ts";
import { type ServedAccount, serveAccount } from "./served-account.ts";

const SANDBOX = { accessKeyId: "sandbox", secretAccessKey: "sandbox" };
export const HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const old = { copied: { daysAgo: 300, pulledDaysAgo: 200 } };
const copy = (name: string, more: object = {}) => ({
  [`repull/docker.io/library/${name}`]: { sameAs: `docker.io/library/${name}`, ...old, ...more },
});

export function mirrorsWorld(more: object = {}) {
  const names = [
    "unused:1",
    "redis:7",
    "job:1",
    "job:2",
    "build:1",
    "lambda:1",
    "lately:1",
    "shared:1",
    "web:1",
  ];
  const images = Object.fromEntries(names.map((name) => [`library/${name}`, {}]));
  const named = (name: string) => `${HOST}/repull/docker.io/library/${name}:\${TAG}`;
  return {
    services: [{ name: "web", cluster: "prod", image: `${HOST}/own/web:1`, desiredCount: 1 }],
    registries: {
      "docker.io": { images, quota: { limit: 1_000 } },
      ecr: {
        images: {
          ...copy("unused:1"),
          ...copy("redis:7", { onlyPlatform: "linux/amd64" }),
          ...copy("job:1"),
          ...copy("build:1"),
          ...copy("lambda:1"),
          ...copy("lately:1", { copied: { daysAgo: 300, pulledDaysAgo: 2 } }),
          ...copy("shared:1"),
          "own/web:1": { sameAs: "docker.io/library/web:1" },
          "repull/docker.io/library/web:1": { sameAs: "docker.io/library/web:1" },
        },
      },
    },
    jobDefinitions: { nightly: named("job") },
    buildProjects: { ci: named("build") },
    functions: { resize: named("lambda") },
    repositoryPolicies: {
      "repull/docker.io/library/shared": {
        Statement: [{ Effect: "Allow", Principal: "*", Action: "ecr:*" }],
      },
    },
    ...more,
  };
}

export type ServedMirrors = Awaited<ReturnType<typeof serveMirrors>>;

export async function serveMirrors(file: object = mirrorsWorld()) {
  process.env.AWS_ACCESS_KEY_ID ??= "sandbox";
  process.env.AWS_SECRET_ACCESS_KEY ??= "sandbox";
  const served: ServedAccount = await serveAccount(file, "remediate");
  const { world: account, env } = served;
  await account.run(60);
  const asked = async (
    work: (
      input: { yes: boolean; rights: false; json: true },
      io: ReturnType<typeof commandIo>,
    ) => Promise<number>,
    yes: boolean,
  ) => {
    const io = commandIo({}, env);
    const status = await work({ yes, rights: false, json: true }, io);
    return { status, line: objectsIn(io.printed.out)[0] };
  };
  return {
    account,
    close: () => served.close(),
    stopWrites: () => served.account.parameters.set("/repull/writes", "stopped"),
    removeFunctions: () => served.account.functions.clear(),
    copies: () =>
      account.registries.ecr
        .repositories()
        .filter((name) => name.startsWith("repull/") && account.registries.ecr.digests(name).length > 0)
        .map((name) => name.slice("repull/docker.io/library/".length)),
    async prune(yes: boolean) {
      const { status, line } = await asked(prune, yes);
      return { status, ...pruneSchema.parse(line) };
    },
    async refresh(yes: boolean) {
      const { status, line } = await asked(refresh, yes);
      return { status, ...refreshSchema.parse(line) };
    },
    async list() {
      const io = commandIo({}, env);
      const status = await listCopies({ rights: false, json: true }, io);
      return { status, ...mirrorsSchema.parse(objectsIn(io.printed.out)[0]) };
    },
    /** A cluster's report of its images, as its controller writes it. @param behind the cluster whose certificate it names */
    async report(name: string, images: readonly string[], behind = name) {
      const aws = { region: account.home.region, endpoint: env.AWS_ENDPOINT_URL ?? "", credentials: SANDBOX };
      const described = async (one: string) => {
        const call = { operation: "DescribeCluster", path: `/clusters/${one}` };
        return getObject(await callJson("eks", call, {}, aws), "cluster") ?? {};
      };
      const arn = getString(await described(name), "arn") ?? "";
      const authority = getObject(await described(behind), "certificateAuthority") ?? {};
      const pem = Buffer.from(getString(authority, "data") ?? "", "base64").toString();
      const writer = createReportWriter(aws, reportTableOf("repull"), arn);
      const at = await writer.time();
      await writer.write(pagesOf({ cluster: arn, at, authorities: certificateDigests(pem), images }) ?? []);
    },
    /** Runs the commands of docs/mirrors.md that match: each with its status, and whether it printed anything. */
    async pageCommands(which: RegExp) {
      const ran: [command: string, status: number | undefined, hasPrinted: boolean][] = [];
      for (const { path, command } of pageCommands()) {
        if (path !== "docs/mirrors.md" || !which.test(command)) continue;
        const io = commandIo({}, env);
        let status: number | undefined;
        const program = createProgram({
          version: "0",
          io,
          begin: () => {},
          finish: async (run) => {
            status = await run();
          },
        });
        await program.parseAsync(command.split(" ").slice(1), { from: "user" });
        ran.push([command, status, io.printed.out !== ""]);
      }
      return ran;
    },
  };
}
