/**
 * EventBridge as its users meet it: at least once, in no order, a moment later.
 *
 * What is published is kept in the order of publishing; what is delivered may come twice, or after
 * something younger, as the seed decides.
 */

import type { OutcomePublisher } from "../../remediation/ports/ports.ts";
import type { JsonObject } from "../../runtime/json.ts";
import { frozen } from "../ecs/frozen.ts";
import { uuid } from "../ecs/ids.ts";
import type { AwsLocation } from "../example-location.ts";
import type { Random } from "../random.ts";
import type { VirtualClock } from "../virtual-clock.ts";
import type { AwsFault } from "./faults/aws-fault.ts";

/** How the bus delivers. */
export type Delivery = {
  readonly delaySeconds: number;
  /** How likely an event comes a second time, 0 to 1. */
  readonly twice: number;
  /** How likely an event is delayed by up to this many seconds, so that later ones overtake it. */
  readonly late: { readonly chance: number; readonly secondsMax: number };
};

export const RELIABLE: Delivery = { delaySeconds: 1, twice: 0, late: { chance: 0, secondsMax: 0 } };
/** Late, twice and out of order: what "at least once" means on a bad day. */
export const UNRELIABLE: Delivery = { delaySeconds: 1, twice: 0.5, late: { chance: 0.5, secondsMax: 60 } };

type Subscriber = (document: JsonObject) => unknown;

export interface EventBus {
  /** Publishes an event in EventBridge's envelope; answers its id. What it is given it keeps, and freezes. */
  emit(event: {
    readonly source: string;
    readonly type: string;
    readonly resources: readonly string[];
    readonly detail: JsonObject;
  }): string;
  /** Everything published from now on is delivered, each delivery a process of its own; answers how to stop. */
  subscribe(subscriber: Subscriber): () => void;
  /** Every document ever published, in order. */
  readonly published: readonly JsonObject[];
  /** The details of the `Image Pull Remediation` events published, in order. */
  readonly outcomes: readonly JsonObject[];
  /** The same bus as the remediation sees it. */
  readonly port: OutcomePublisher;
}

export const OUTCOME_SOURCE = "repull";
const OUTCOME_TYPE = "Image Pull Remediation";

/**
 * A bus with no subscriber yet.
 * @param faults what makes a publish of the remediation's fail; ECS's own events come whatever happens to ours
 */
export function createBus(
  home: AwsLocation,
  clock: VirtualClock,
  random: Random,
  delivery: Delivery = RELIABLE,
  faults: AwsFault = () => {},
): EventBus {
  const published: JsonObject[] = [];
  const outcomes: JsonObject[] = [];
  const subscribers = new Set<Subscriber>();

  const deliver = (subscriber: Subscriber, document: JsonObject): void => {
    const { chance, secondsMax } = delivery.late;
    const late = random.next() < chance ? random.next() * secondsMax : 0;
    clock.schedule(clock.now() + (delivery.delaySeconds + late) * 1000, async () => {
      if (subscribers.has(subscriber)) await subscriber(document);
    });
  };

  const emit: EventBus["emit"] = ({ source, type, resources, detail }) => {
    const id = uuid(random);
    const document: JsonObject = frozen({
      version: "0",
      id,
      "detail-type": type,
      source,
      account: home.account,
      time: `${new Date(clock.now()).toISOString().slice(0, 19)}Z`,
      region: home.region,
      resources,
      detail,
    });
    published.push(document);
    if (source === OUTCOME_SOURCE && type === OUTCOME_TYPE) outcomes.push(structuredClone(detail));
    for (const subscriber of subscribers) {
      deliver(subscriber, document);
      if (random.next() < delivery.twice) deliver(subscriber, document);
    }
    return id;
  };

  return {
    emit,
    subscribe(subscriber) {
      subscribers.add(subscriber);
      return () => subscribers.delete(subscriber);
    },
    published,
    outcomes,
    port: {
      async publish(detail) {
        faults("events:PutEvents");
        emit({ source: OUTCOME_SOURCE, type: OUTCOME_TYPE, resources: [], detail: structuredClone(detail) });
      },
    },
  };
}
