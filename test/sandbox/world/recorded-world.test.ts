import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { containersOf } from "../../../src/ecs/task-definition/task-definition.ts";
import type { Json, JsonObject } from "../../../src/runtime/json.ts";
import { recordedEvent } from "../../../src/sandbox/world/recorded-event.ts";
import { createRecordedWorld, healableWorld } from "../../../src/sandbox/world/recorded-world.ts";

const EVENTS = new URL("../../../events/", import.meta.url);

function eventNamed(file: string): JsonObject {
  return JSON.parse(readFileSync(new URL(file, EVENTS), "utf8")) as JsonObject;
}

describe("the world of a recorded event", () => {
  test("has its service, revision, deployment and failed task", async () => {
    const event = eventNamed("fargate-service.json");
    const detail = event.detail as JsonObject;
    const world = await createRecordedWorld(healableWorld([event]), [event]);
    const { ecs, location } = world.ports;
    expect(location).toMatchObject({ account: event.account, region: event.region });
    const service = await ecs.describeService(
      String(detail.clusterArn),
      String(detail.group).slice("service:".length),
    );
    expect(service?.taskDefinition).toBe(detail.taskDefinitionArn);
    expect(service?.deployments[0]?.id).toBe(detail.startedBy);
    expect(await ecs.describeTask(String(detail.clusterArn), String(detail.taskArn))).toMatchObject({
      arn: detail.taskArn,
      stopCode: detail.stopCode,
      stoppedReason: (recordedEvent(event, world).detail as JsonObject).stoppedReason,
      taskDefinitionArn: detail.taskDefinitionArn,
    });
  });

  test("takes from a file what the event cannot know, and the file's word over the event's", async () => {
    const event = eventNamed("fargate-service.json");
    const world = await createRecordedWorld(
      {
        services: [
          {
            name: "web",
            image: "nginx:1.25",
            desiredCount: 4,
            circuitBreaker: "rollback",
            tags: { repull: "off" },
          },
        ],
      },
      [event],
    );
    const [service, ...others] = world.cluster.services();
    expect(others).toEqual([]);
    expect(service).toMatchObject({
      desiredCount: 4,
      circuitBreaker: { enable: true, rollback: true },
      tags: { repull: "off" },
    });
  });

  test("leaves out the containers that ECS itself puts into a task", async () => {
    const event = eventNamed("multi-container.json");
    const world = await createRecordedWorld(healableWorld([event]), [event]);
    const arn = String((event.detail as JsonObject).taskDefinitionArn);
    const described = await world.ports.ecs.describeTaskDefinition(arn);
    const names = containersOf(described?.taskDefinition ?? {}).map(({ name }) => name);
    expect(names).toEqual(["grafana", "log-router"]);
  });

  for (const file of readdirSync(EVENTS).filter((name) => name.endsWith(".json"))) {
    test(`comes up for events/${file} and lives for an hour`, async () => {
      const event = eventNamed(file);
      const world = await createRecordedWorld(healableWorld([event]), [event]);
      await world.run(3600);
      expect(world.clock.now()).toBeGreaterThan(Date.parse("2020-01-01"));
    });
  }

  const odd: readonly Json[] = [
    null,
    [],
    "text",
    {},
    { detail: null },
    { detail: { group: "service:", containers: "none" } },
    { account: 1, detail: { group: "service:a", taskDefinitionArn: "x", taskArn: 7 } },
  ];
  for (const event of odd) {
    test(`is a plain one where the event is ${JSON.stringify(event)}`, async () => {
      const world = await createRecordedWorld({}, [event]);
      expect(world.cluster.services()).toEqual([]);
    });
  }
});
