/**
 * moto with what the clean-up of copies needs and moto does not have: a clock that can be moved, the last pull of each image,
 * and executions of Lambda. It counts the calls, and can refuse or change an answer.
 */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import {
  BatchGetImageCommand,
  CreateRepositoryCommand,
  DescribeImagesCommand,
  ECRClient,
  PutImageCommand,
} from "@aws-sdk/client-ecr";
import { type Digest, digestOf, shortDigest } from "../../../src/image/digest.ts";
import { MOTO_CREDENTIALS, startMoto } from "./moto.ts";

const DAY = 86_400_000;
const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** The role whose own reads ECR does not record, by the template. */
export const OWN_ROLE = "arn:aws:iam::123456789012:role/repull-mirrors";

type Answer = { readonly status: number; readonly body: unknown };

export type MirrorsAccount = {
  readonly settings: {
    readonly region: string;
    readonly endpoint: string;
    readonly credentials: typeof MOTO_CREDENTIALS;
  };
  readonly calls: string[];
  /** The services' clock, in days from now. */
  days: number;
  /** Whether the reads of BatchGetImage count as pulls, as they do for a principal that is not excluded. */
  countsReads: boolean;
  /** In the account's place: by the operation, or by method and path. */
  override: (action: string, body: string) => Answer | undefined;
  /** Changes a JSON answer. */
  change: (action: string, body: Record<string, unknown>) => Record<string, unknown>;
  repository(name: string, source?: string): Promise<void>;
  push(
    repository: string,
    name: string,
    more?: { readonly tag?: string; readonly lists?: readonly Digest[] },
  ): Promise<Digest>;
  /** Digest, or nothing, of everything in a repository. */
  images(repository: string): Promise<readonly string[]>;
  stop(): Promise<void>;
};

export async function startMirrorsAccount(region = "us-east-1"): Promise<MirrorsAccount> {
  const moto = await startMoto();
  const pulled = new Map<string, number>();
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming);
    const action = actionOf(incoming);
    account.calls.push(action);
    const date = new Date(Date.now() + account.days * DAY).toUTCString();
    const instead = account.override(action, body.toString()) ?? ownAnswer(action);
    if (instead !== undefined) {
      outgoing.writeHead(instead.status, { "content-type": "application/x-amz-json-1.1", date });
      outgoing.end(JSON.stringify(instead.body));
      return;
    }
    const { "content-length": _length, host: _host, connection: _connection, ...headers } = incoming.headers;
    const answer = await fetch(`${moto.url}${incoming.url}`, {
      method: incoming.method ?? "GET",
      headers: headers as Record<string, string>,
      ...(body.length === 0 ? {} : { body }),
    });
    const text = await answer.text();
    outgoing.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "", date });
    outgoing.end(answer.ok ? changed(action, text, body.toString()) : text);
  });
  const changed = (action: string, text: string, asked: string): string => {
    if (!text.startsWith("{")) return text;
    const said = JSON.parse(text);
    if (action === "DescribeImages")
      for (const image of said.imageDetails)
        image.lastRecordedPullTime = (pulled.get(image.imageDigest) ?? image.imagePushedAt * 1000) / 1000;
    if (action === "BatchGetImage" && account.countsReads)
      for (const { imageDigest } of JSON.parse(asked).imageIds)
        pulled.set(imageDigest, Date.now() + account.days * DAY);
    return JSON.stringify(account.change(action, said));
  };
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ecr = new ECRClient({ region, endpoint: moto.url, credentials: MOTO_CREDENTIALS });
  const account: MirrorsAccount = {
    settings: { region, endpoint, credentials: MOTO_CREDENTIALS },
    calls: [],
    days: 0,
    countsReads: false,
    override: () => undefined,
    change: (_, body) => body,
    async repository(repositoryName, source) {
      const tags = source === undefined ? [] : [{ Key: "repull:source", Value: source }];
      await ecr.send(new CreateRepositoryCommand({ repositoryName, tags }));
    },
    async push(repositoryName, name, { tag, lists } = {}) {
      const mediaType = lists === undefined ? MANIFEST : INDEX;
      const manifests = lists?.map((digest) => ({ mediaType: MANIFEST, digest, size: 2 }));
      const imageManifest = JSON.stringify({
        schemaVersion: 2,
        mediaType,
        annotations: { name, repository: repositoryName },
        ...(manifests ? { manifests } : { layers: [] }),
      });
      const imageDigest = digestOf(imageManifest);
      const imageTag =
        tag === undefined ? {} : { imageTag: tag.endsWith("-") ? `${tag}${shortDigest(imageDigest)}` : tag };
      await ecr.send(
        new PutImageCommand({
          repositoryName,
          imageManifest,
          imageManifestMediaType: mediaType,
          imageDigest,
          ...imageTag,
        }),
      );
      return imageDigest;
    },
    async images(repositoryName) {
      const { imageDetails = [] } = await ecr.send(new DescribeImagesCommand({ repositoryName }));
      return imageDetails.flatMap(({ imageDigest }) => imageDigest ?? []);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await moto.stop();
    },
  };
  return account;
}

function actionOf({ method, url, headers }: IncomingMessage): string {
  const target = String(headers["x-amz-target"] ?? "").split(".")[1];
  return target ?? `${method} ${url?.split("?")[0]}`;
}

/** What moto has no idea of. */
function ownAnswer(action: string): Answer | undefined {
  if (/\/durable-executions$/.test(action)) return { status: 200, body: { DurableExecutions: [] } };
  if (action === "ListPullTimeUpdateExclusions")
    return { status: 200, body: { pullTimeUpdateExclusions: [OWN_ROLE] } };
  return undefined;
}

/** Reads an image as any caller does. */
export async function readImage(
  { settings }: MirrorsAccount,
  repositoryName: string,
  imageDigest: string,
): Promise<void> {
  await new ECRClient(settings).send(
    new BatchGetImageCommand({ repositoryName, imageIds: [{ imageDigest }] }),
  );
}
