/**
 * The stack's template as CloudFormation would see it in one account: its YAML with every intrinsic function resolved.
 *
 * Resources are named by their logical ids: `!GetAtt Queue.Arn` becomes `Queue.Arn`, which is enough to compare by.
 */

import { readFileSync } from "node:fs";
import { type CollectionTag, parse, type ScalarTag, YAMLMap, type YAMLSeq } from "yaml";
import { isObject } from "../../../src/ecs/json-fields.ts";
import type { Json, JsonObject } from "../../../src/runtime/json.ts";

export const PSEUDO: Readonly<Record<string, string>> = {
  "AWS::AccountId": "123456789012",
  "AWS::Region": "us-east-1",
  "AWS::Partition": "aws",
  "AWS::StackName": "repull",
  "AWS::URLSuffix": "amazonaws.com",
};

const scalars: readonly ScalarTag[] = ["Ref", "GetAtt", "Sub", "Condition"].map((name) => ({
  tag: `!${name}`,
  resolve: (text: string) => ({ [`!${name}`]: text }),
}));
const collections: readonly CollectionTag[] = [
  "If",
  "Join",
  "Equals",
  "Not",
  "And",
  "Or",
  "Select",
  "Split",
].map((name) => ({
  tag: `!${name}`,
  collection: "seq",
  resolve: (items: YAMLMap.Parsed | YAMLSeq.Parsed) => {
    const call = new YAMLMap();
    call.set(`!${name}`, items);
    return call;
  },
}));

export type Template = {
  readonly parameters: Readonly<Record<string, JsonObject>>;
  readonly metadata: JsonObject;
  readonly conditions: Readonly<Record<string, Json>>;
  readonly globals: JsonObject;
  readonly outputs: JsonObject;
  /** The resources whose condition holds, resolved. */
  readonly resources: Readonly<Record<string, JsonObject>>;
};

/** Reads `infra/template.yaml`, or an addition to it, with its defaults and these values in the place of some, of `AWS::Region` too. */
export function readTemplate(
  values: Readonly<Record<string, string>> = {},
  name = "template.yaml",
): Template {
  const text = readFileSync(new URL(`../../../infra/${name}`, import.meta.url), "utf8");
  const raw = parse(text, { customTags: [...scalars, ...collections] }) as Record<string, JsonObject>;
  const parameters = (raw.Parameters ?? {}) as Record<string, JsonObject>;
  const conditions = (raw.Conditions ?? {}) as Record<string, Json>;

  const referred = (name: string): Json => {
    const pseudo = name in PSEUDO ? (values[name] ?? PSEUDO[name]) : undefined;
    if (pseudo !== undefined) return pseudo;
    const parameter = parameters[name];
    if (parameter === undefined) return name;
    const value = values[name] ?? String(parameter.Default ?? "");
    return /List/.test(String(parameter.Type)) ? value.split(",") : value;
  };

  const holds = (condition: string): boolean => resolve(conditions[condition] ?? false) === true;

  const resolve = (value: Json | undefined): Json => {
    if (Array.isArray(value)) return value.map(resolve).filter((item) => item !== NOTHING);
    if (!isObject(value)) return value ?? null;
    const [entry, ...others] = Object.entries(value);
    if (entry !== undefined && others.length === 0 && entry[0].startsWith("!"))
      return call(entry[0], entry[1]);
    return Object.fromEntries(
      Object.entries(value)
        .map(([name, member]) => [name, resolve(member)] as const)
        .filter(([, member]) => member !== NOTHING),
    );
  };

  const call = (name: string, argument: Json | undefined): Json => {
    const items = Array.isArray(argument) ? argument : [];
    switch (name) {
      case "!Ref":
        return argument === "AWS::NoValue" ? NOTHING : referred(String(argument));
      case "!GetAtt":
        return String(argument);
      case "!Condition":
        return holds(String(argument));
      case "!Sub":
        return String(argument).replace(/\$\{([^}]+)\}/g, (_, inner: string) => String(referred(inner)));
      case "!If":
        return resolve(holds(String(items[0])) ? items[1] : items[2]);
      case "!Equals":
        return JSON.stringify(resolve(items[0])) === JSON.stringify(resolve(items[1]));
      case "!Not":
        return resolve(items[0]) !== true;
      case "!And":
        return items.every((item) => resolve(item) === true);
      case "!Or":
        return items.some((item) => resolve(item) === true);
      case "!Join":
        return (resolve(items[1]) as string[]).join(String(items[0]));
      case "!Select":
        return (resolve(items[1]) as string[])[Number(items[0])] ?? "";
      case "!Split":
        return String(resolve(items[1])).split(String(items[0]));
      default:
        throw new Error(`no such intrinsic function: ${name}`);
    }
  };

  const resources = Object.fromEntries(
    Object.entries(raw.Resources ?? {}).flatMap(([name, resource]) => {
      if (!isObject(resource)) return [];
      if (typeof resource.Condition === "string" && !holds(resource.Condition)) return [];
      return [[name, resolve(resource) as JsonObject]];
    }),
  );
  return {
    parameters,
    metadata: raw.Metadata ?? {},
    conditions,
    globals: resolve(raw.Globals ?? {}) as JsonObject,
    outputs: resolve(raw.Outputs ?? {}) as JsonObject,
    resources,
  };
}

/** What `AWS::NoValue` leaves. */
const NOTHING = "\u0000nothing";
