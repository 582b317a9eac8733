/**
 * The few commands of AWS's own that remedies print, carried out in a world file as AWS would: a command, a flag or a
 * value that is not known here is an error, so that every printed command is tried.
 */

import { parseArn, parseEcsArn } from "../../../src/ecs/arn.ts";
import type { WorldFile } from "../../../src/sandbox/world/world-file.ts";

export type MutableWorld = { -readonly [Key in keyof WorldFile]: WorldFile[Key] };

type Flags = Readonly<Record<string, readonly string[]>>;
type Given = (flag: string) => string;

type Command = {
  /** Flag → what its one value looks like; a flag with `...` takes several. */
  readonly flags: Readonly<Record<string, RegExp>>;
  readonly run: (file: MutableWorld, one: Given, all: Flags) => void;
};

const ARN = /^arn:aws:[a-z]+:us-east-1:123456789012:.+$/;
const REPOSITORY = /^[a-z0-9]+(?:[._/-][a-z0-9]+)*$/;
const SECRET = /^arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache\/.+$/;

const COMMANDS: Readonly<Record<string, Command>> = {
  "ecr update-pull-through-cache-rule": {
    flags: { "--ecr-repository-prefix": /^[a-z0-9-]{2,30}$/, "--credential-arn": SECRET },
    run: (file, one) => {
      const prefix = one("--ecr-repository-prefix");
      const found = file.pullThrough?.find((rule) => rule.prefix === prefix);
      if (found === undefined) throw new Error(`there is no rule ${prefix}`);
      const { secretIsWrong: _, ...rule } = found;
      const others = (file.pullThrough ?? []).filter((other) => other !== found);
      file.pullThrough = [...others, { ...rule, account: userOf(file, one("--credential-arn")) }];
    },
  },
  "ecr update-image-storage-class": {
    flags: {
      "--repository-name": REPOSITORY,
      "--image-id": /^image(?:Tag=[\w.-]+|Digest=sha256:[0-9a-f]{64})$/,
      "--target-storage-class": /^STANDARD$/,
    },
    run: (file, one) => {
      const images = file.registries?.ecr?.images ?? {};
      const meant = Object.entries(images).filter(([name]) =>
        name.startsWith(`${one("--repository-name")}:`),
      );
      if (meant.length !== 1) throw new Error(`${meant.length} images are meant`);
      for (const [name, entry] of meant) images[name] = { ...entry, archived: false };
    },
  },
  "iam put-role-policy": {
    flags: {
      "--role-name": /^[\w+=,.@-]{1,64}$/,
      "--policy-name": /^[\w+=,.@-]{1,128}$/,
      "--policy-document": /^\{.*\}$/,
    },
    run: (file, one) => {
      const name = one("--role-name");
      const { Version, Statement } = JSON.parse(one("--policy-document"));
      const [{ Effect, Action, Resource }, ...others] = Statement;
      const isPolicy = Version === "2012-10-17" && Effect === "Allow" && others.length === 0;
      if (!isPolicy || !(Resource === "*" || /^arn:aws:/.test(Resource)))
        throw new Error("no policy of IAM's");
      const role = file.roles?.[name];
      if (role === undefined) throw new Error(`there is no role ${name}`);
      const denied = role.denied.filter((action) => !Action.includes(action));
      if (denied.length === role.denied.length) throw new Error(`${name} was denied none of ${Action}`);
      file.roles = { ...file.roles, [name]: { denied } };
    },
  },
  "ecs untag-resource": { flags: { "--resource-arn": ARN, "--tag-keys...": /^.{1,128}$/ }, run: untag },
  "events untag-resource": { flags: { "--resource-arn": ARN, "--tag-keys...": /^.{1,128}$/ }, run: untag },
  "scheduler untag-resource": { flags: { "--resource-arn": ARN, "--tag-keys...": /^.{1,128}$/ }, run: untag },
  "ecs tag-resource": { flags: { "--resource-arn": ARN, "--tags": /^key=[^,=]+,value=[^,=]*$/ }, run: tag },
  "events tag-resource": {
    flags: { "--resource-arn": ARN, "--tags": /^Key=[^,=]+,Value=[^,=]*$/ },
    run: tag,
  },
  "scheduler tag-resource": {
    flags: { "--resource-arn": ARN, "--tags": /^Key=[^,=]+,Value=[^,=]*$/ },
    run: tag,
  },
  "ecs update-express-gateway-service": {
    flags: { "--service-arn": ARN, "--primary-container": /^\{"image":"[^"]+"\}$/ },
    run: (file, one) => {
      const { image } = JSON.parse(one("--primary-container"));
      const service = serviceIn(file, one("--service-arn"));
      file.services = file.services?.map((each) => (each === service ? { ...each, image } : each));
    },
  },
  "ssm put-parameter": {
    flags: { "--name": /^\/repull\/writes$/, "--overwrite": /^$/, "--value": /^allowed$/ },
    run: (file) => {
      const { writesStopped: _, ...operator } = file.operator ?? {};
      file.operator = operator;
    },
  },
};

/** Carries out one command. Throws for a command, a flag or a value that AWS, or this world, does not have. */
export function runAws(argv: readonly string[], file: MutableWorld): void {
  const [aws, service, action, ...words] = argv;
  const command = COMMANDS[`${service} ${action}`];
  if (aws !== "aws" || command === undefined) throw new Error(`no such command: ${argv.join(" ")}`);
  const flags = flagsOf(words, command);
  command.run(file, (flag) => flags[flag]?.[0] ?? "", flags);
}

function flagsOf(words: readonly string[], { flags: known }: Command): Flags {
  const given: Record<string, string[]> = {};
  let flag = "";
  for (const word of words) {
    if (word.startsWith("--")) {
      flag = word;
      given[flag] = [];
    } else given[flag]?.push(word);
  }
  for (const [name, values] of Object.entries(given)) {
    const several = known[`${name}...`];
    const form = several ?? known[name];
    if (form === undefined) throw new Error(`no such flag: ${name}`);
    const wanted = form.source === "^$" ? 0 : 1;
    if (several === undefined ? values.length !== wanted : values.length === 0)
      throw new Error(`${name} has ${values.length} values`);
    for (const value of values)
      if (!form.test(value)) throw new Error(`${name} takes no ${JSON.stringify(value)}`);
  }
  for (const name of Object.keys(known))
    if (given[name.replace("...", "")] === undefined) throw new Error(`${name} is missing`);
  return given;
}

type Tags = Readonly<Record<string, string>>;
type Change = (tags: Tags) => Tags;

function untag(file: MutableWorld, one: Given, all: Flags): void {
  const keys = all["--tag-keys"] ?? [];
  changeTags(file, one("--resource-arn"), (tags) => {
    for (const key of keys) if (!(key in tags)) throw new Error(`there is no tag ${key}`);
    return Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)));
  });
}

function tag(file: MutableWorld, one: Given): void {
  const [, key = "", value = ""] = /^key=([^,]+),value=(.*)$/i.exec(one("--tags")) ?? [];
  changeTags(file, one("--resource-arn"), (tags) => ({ ...tags, [key]: value }));
}

function changeTags(file: MutableWorld, arn: string, change: Change): void {
  const changed = <Entry extends { readonly tags?: Tags | undefined }>(entry: Entry): Entry => ({
    ...entry,
    tags: change(entry.tags ?? {}),
  });
  const { service: of, resource = "" } = parseArn(arn) ?? {};
  const name = resource.slice(resource.lastIndexOf("/") + 1);
  if (of !== "ecs") {
    const kind = of === "events" && resource.startsWith("rule/") ? "rule" : "schedule";
    const isMeant = ({ kind: is, name: called }: { kind: string; name: string }) =>
      is === kind && (kind === "schedule" ? resource === "schedule-group/default" : called === name);
    if (!file.schedules?.some(isMeant)) throw new Error(`there is no ${arn}`);
    file.schedules = file.schedules.map((entry) => (isMeant(entry) ? changed(entry) : entry));
    return;
  }
  const named = parseEcsArn(arn);
  switch (named?.kind) {
    case "cluster":
      file.clusters = {
        ...file.clusters,
        [named.name]: { tags: change(file.clusters?.[named.name]?.tags ?? {}) },
      };
      return;
    case "service": {
      const service = serviceIn(file, arn);
      file.services = file.services?.map((each) => (each === service ? changed(each) : each));
      return;
    }
    case "task-definition": {
      const { family, revision } = named;
      const retagged = <Entry extends NonNullable<WorldFile["tasks"] | WorldFile["services"]>[number]>(
        entry: Entry,
      ): Entry => {
        const { taskDefinition } = entry;
        if (taskDefinition?.family !== family || (entry.revision ?? 1) !== revision) return entry;
        const list = (taskDefinition.tags ?? []) as readonly { key: string; value: string }[];
        const tags = change(Object.fromEntries(list.map(({ key, value }) => [key, value])));
        const kept = Object.entries(tags).map(([key, value]) => ({ key, value }));
        return { ...entry, taskDefinition: { ...taskDefinition, tags: kept } };
      };
      const before = JSON.stringify(file);
      file.services = file.services?.map(retagged);
      file.tasks = file.tasks?.map(retagged);
      if (JSON.stringify(file) === before) throw new Error(`there is no ${arn} with such tags`);
      return;
    }
    default:
      throw new Error(`there is no ${arn}`);
  }
}

function serviceIn(file: MutableWorld, arn: string): NonNullable<WorldFile["services"]>[number] {
  const named = parseEcsArn(arn);
  const found = file.services?.find(
    ({ cluster = "default", name }) =>
      named?.kind === "service" && named.cluster === cluster && named.name === name,
  );
  if (found === undefined) throw new Error(`there is no service ${arn}`);
  return found;
}

function userOf(file: MutableWorld, secret: string): string {
  const user = file.secrets?.[secret]?.username;
  if (user === undefined) throw new Error(`there is no secret ${secret}`);
  return user;
}
