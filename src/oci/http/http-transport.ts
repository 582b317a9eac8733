/**
 * The transport of the real world: `node:http(s)` with connections kept, and every wait bounded.
 *
 * Bytes go from socket to socket through a data/drain loop by hand: `fetch` and web streams cost twice the
 * CPU and do not slow a fast source down. Blobs come over connections of our own (bulk-connection.ts), unless a proxy is
 * between.
 */

import type * as Http from "node:http";
import { Readable } from "node:stream";
import { type Clock, systemClock, type Timer } from "../../runtime/clock.ts";
import { UploadUnanswered } from "../copy/blobs/upload-unanswered.ts";
import { blockedLiteral, type Reach, type Resolve } from "./address-guard.ts";
import { giveBack } from "./blobs/buffers.ts";
import { BlobConnections } from "./blobs/connections.ts";
import { HEAD_BYTES_MAX, MalformedResponse, PRELIMINARY_MAX } from "./blobs/head.ts";
import { watchThroughput } from "./body-watchdog.ts";
import { watchConnecting, whenOpen } from "./connecting.ts";
import { AT_ONCE, ConnectionRamp } from "./connection-ramp.ts";
import { type ConnectionUse, HttpAgents, type ProxyEnv, proxiesOf } from "./http-agents.ts";
import { malformedErrorResponse } from "./malformed-response.ts";
import { ThroughputWatch } from "./minimum-throughput.ts";
import { isLoopbackHost } from "./registry-address.ts";
import { TlsSessions } from "./tls-sessions.ts";
import type { RegistryRequest, RegistryResponse, Send } from "./transport.ts";

export type HttpTransportOptions = {
  /** For the pace of bodies; time-outs are the sockets' own. */
  readonly clock?: Clock;
  /** Asks for the pace of bodies that do not come. Default: the machine's. */
  readonly timer?: Timer;
  /** Until a connection is open, and between two bytes that the peer owes us. Default 30. */
  readonly idleSeconds?: number;
  /** From the last byte of an upload to its answer: registries hash and move a layer first. Default 300. */
  readonly uploadAnswerSeconds?: number;
  /** Connections to one host at once, apart from those of bulk bodies. Default 32: sixteen uploads and their other requests. */
  readonly socketsPerHostMax?: number;
  /** More certificate authorities, in PEM, in addition to the system's. */
  readonly ca?: readonly string[];
  /** `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` as Node reads them (24.5 and newer). */
  readonly proxyEnv?: ProxyEnv;
  /** Resolves names. Default: the system. */
  readonly resolve?: Resolve;
  /** Ports of this machine that are never a registry's, whatever the settings map there: Lambda's own runtime interface. */
  readonly closedLoopbackPorts?: readonly number[];
};

export type HttpTransport = Send & {
  /**
   * Connects to a place that will be asked soon, so that the round trips of a connection pass meanwhile; sends no request. What
   * fails here, the first request meets again. Not through a proxy.
   */
  readonly connect: (place: Pick<RegistryRequest, "url" | "reach">) => void;
  readonly close: () => void;
};

const IDLE_SECONDS = 30;

/** A transport over real sockets; `close` ends the connections that it keeps. */
export function httpTransport(options: HttpTransportOptions = {}): HttpTransport {
  const idleMs = (options.idleSeconds ?? IDLE_SECONDS) * 1000;
  const uploadAnswerMs = (options.uploadAnswerSeconds ?? 300) * 1000;
  const clock = options.clock ?? systemClock;
  const { ca, proxyEnv, resolve, timer = systemClock, socketsPerHostMax = 32 } = options;
  const closedPorts = new Set(options.closedLoopbackPorts);
  const tls = new TlsSessions(ca);
  const ramp = new ConnectionRamp({ now: () => clock.now(), after: (ms, run) => timer.after(ms, run) });
  const direct = { idleMs, tls, resolve, socketsPerHostMax };
  // A connection that may go further is never lent to a request that may not: clients for each.
  const within: Readonly<Record<Reach, HttpAgents>> = {
    public: new HttpAgents({ ...direct, proxyEnv }, "public"),
    private: new HttpAgents({ ...direct, proxyEnv }, "private"),
    loopback: new HttpAgents({ ...direct, proxyEnv }, "loopback"),
  };
  // A proxy's loopback is not ours, so no proxy is asked for it, as Go's clients do not either.
  const local = new HttpAgents(direct, "loopback");
  const connections = new BlobConnections({ idleMs, clock, tls, resolve });
  const proxied = proxiesOf(proxyEnv).length > 0;

  /** By which clients a place is asked, and why it may not be. */
  const wayTo = ({ url, reach: asked = "public" }: Pick<RegistryRequest, "url" | "reach">) => {
    const isClosed = asked === "loopback" && closedPorts.has(Number(url.port));
    const reach = isClosed ? "private" : asked;
    const isLocal = reach === "loopback" && isLoopbackHost(url.hostname);
    const clients = isLocal ? local : within[reach];
    return { reach, refused: blockedLiteral(url, reach), clients, goesDirect: isLocal || !proxied };
  };

  const send = async (request: RegistryRequest): Promise<RegistryResponse> => {
    const answer = await sendOnce(request);
    watchThroughput(answer.body, { clock, timer, everyMs: idleMs });
    return answer;
  };

  const sendOnce = async (request: RegistryRequest): Promise<RegistryResponse> => {
    const { url, signal, bulk = false, fresh = false } = request;
    signal?.throwIfAborted();
    const { reach, refused, clients, goesDirect } = wayTo(request);
    if (refused !== undefined) throw refused;
    const isBulk = bulk && !fresh && request.method === "GET";
    const use = fresh ? "fresh" : isBulk ? "bulk" : "kept";
    const transmit = (): Promise<RegistryResponse> =>
      isBulk && goesDirect
        ? connections.get({ ...request, reach })
        : ask(request, clients, use, () => ramp.sent(`${reach} ${url.origin}`));
    if (use === "fresh") return await transmit();
    const leave = await ramp.enter(`${reach} ${url.origin}`, use, signal);
    try {
      signal?.throwIfAborted();
      const transmitted = transmit();
      // After its own: the request does not wait for the connections that are needed next.
      if (request.bulkFollows === true && goesDirect) connections.prepare({ url, reach }, AT_ONCE);
      const answer = await transmitted;
      // By then its connection is free again, or gone.
      if (answer.body.closed) leave();
      else answer.body.once("close", leave);
      return answer;
    } catch (error) {
      leave();
      throw error;
    }
  };

  const ask = (
    request: RegistryRequest,
    clients: HttpAgents,
    use: ConnectionUse,
    onSent: () => () => void,
  ): Promise<RegistryResponse> =>
    new Promise((resolveAnswer, reject) => {
      const { url, body, signal } = request;
      // While the request waited its source may have failed: such a stream emits no event any more.
      if (body instanceof Readable && body.closed) return void reject(new Error("the upload's source ended"));
      const { agent, request: open } = clients.for(url, use);
      const outgoing = open(url, {
        method: request.method,
        headers: request.headers,
        agent,
        maxHeaderSize: HEAD_BYTES_MAX,
      });

      const upload = body instanceof Readable ? body : undefined;
      let incoming: Http.IncomingMessage | undefined;
      let sent = upload === undefined;
      const end = (reason: unknown): void => {
        outgoing.destroy(reason instanceof Error ? reason : new Error("aborted"));
      };
      watchHead(outgoing, clock, end);
      watchConnecting(outgoing, timer, idleMs, end);
      if (upload === undefined) whenOpen(outgoing, () => outgoing.once("response", onSent()));
      const onAbort = (): void => end(signal?.reason);
      signal?.addEventListener("abort", onAbort, { once: true });
      // node:http ends the connection of an unhandled 101, and reports only that it is closed.
      outgoing.once("upgrade", (_, socket) => {
        socket.destroy();
        reject(new MalformedResponse("the answer changes the protocol"));
      });
      outgoing.once("close", () => {
        signal?.removeEventListener("abort", onAbort);
        if (incoming === undefined) upload?.destroy();
        // Where nothing else has settled it: nothing may wait for a connection that is gone.
        reject(new Error("the connection was closed before the answer"));
      });
      outgoing.on("error", (error) => {
        upload?.destroy();
        // After an answer, the failure is its body's to report.
        if (incoming !== undefined) return void incoming.destroy(error);
        const refusal = malformedErrorResponse(error);
        if (refusal === undefined) reject(outgoing.reusedSocket ? withoutVerdict(error) : error);
        else resolveAnswer(refusal);
      });

      outgoing.on("timeout", () => {
        // Who is waited for? While bytes of the peer's lie here unread, or our own source is slow, it owes us nothing.
        const heldByUs =
          incoming === undefined ? !sent && upload?.isPaused() === false : incoming.readableLength > 0;
        if (heldByUs) outgoing.setTimeout(idleMs);
        else if (sent && upload) end(new UploadUnanswered(uploadAnswerMs / 1000));
        else end(new Error(`nothing came for ${idleMs / 1000} s`));
      });

      outgoing.once("response", (response) => {
        incoming = response;
        // An answer before the last byte is a refusal: nothing more is sent, and the connection is not kept.
        if (!sent) {
          response.once("close", () => outgoing.destroy());
          upload?.destroy();
        }
        outgoing.setTimeout(idleMs);
        // An error of a body without a reader must not end the process.
        response.on("error", () => {});
        resolveAnswer({
          status: response.statusCode ?? 0,
          headers: joined(response.headers),
          body: response,
        });
      });

      if (upload === undefined) return void outgoing.end(body);
      pump(upload, outgoing, clock, end);
      upload.once("end", () => {
        sent = true;
        outgoing.setTimeout(uploadAnswerMs);
        outgoing.end();
      });
      upload.once("close", () => {
        // Destroyed without an error: the request must not wait for bytes that will never come.
        if (!sent && incoming === undefined) end(new Error("the upload's source ended"));
      });
    });

  return Object.assign(send, {
    connect: (place: Pick<RegistryRequest, "url" | "reach">) => {
      const { refused, clients, goesDirect } = wayTo(place);
      if (refused === undefined && goesDirect) clients.connect(place.url);
    },
    close: () => {
      for (const clients of [...Object.values(within), local]) clients.close();
      connections.close();
    },
  });
}

/** Before an answer begins: as many heads as may come, and endless line breaks are not a head. */
const HEADS_BYTES_MAX = HEAD_BYTES_MAX * (PRELIMINARY_MAX + 2);

/** Headers have a floor of speed, too, and interim answers ("102 Processing") have a greatest number. */
function watchHead(outgoing: Http.ClientRequest, clock: Clock, end: (reason: unknown) => void): void {
  const pace = new ThroughputWatch(clock);
  let preliminary = 0;
  const onPreliminary = (): void => {
    preliminary += 1;
    if (preliminary > PRELIMINARY_MAX) end(new Error("one preliminary answer follows another"));
  };
  outgoing.on("information", onPreliminary);
  outgoing.on("continue", onPreliminary);
  outgoing.once("socket", (socket) => {
    let come = 0;
    let isAnswered = false;
    const onBytes = (bytes: Uint8Array): void => {
      if (isAnswered) return;
      come += bytes.byteLength;
      pace.start();
      if (come > HEADS_BYTES_MAX) end(new MalformedResponse("the answer never begins"));
      else if (!pace.moved(bytes.byteLength)) end(new Error("the answer's headers come too slowly to end"));
    };
    const leave = (): void => {
      isAnswered = true;
      socket.off("data", onBytes);
    };
    socket.on("data", onBytes);
    outgoing.once("response", leave);
    outgoing.once("close", leave);
  });
}

/** Moves a body into a request and holds the body back while the peer is slower. */
function pump(
  body: Readable,
  outgoing: Http.ClientRequest,
  clock: Clock,
  end: (reason: unknown) => void,
): void {
  const pace = new ThroughputWatch(clock);
  let written = 0;
  body.on("data", (chunk: Uint8Array) => {
    if (outgoing.destroyed) return;
    written += chunk.byteLength;
    const onWritten = (error: Error | null | undefined): void => {
      // What is our own is used again; all else is garbage by now.
      if (!error) giveBack(chunk);
    };
    if (outgoing.write(chunk, onWritten)) return;
    body.pause();
    pace.start();
  });
  outgoing.on("drain", () => {
    const fast = pace.moved(written);
    written = 0;
    pace.stop();
    if (fast) body.resume();
    else end(new Error("the upload moves too slowly to end"));
  });
  body.once("error", end);
  body.resume();
}

/** On a kept connection, what cannot be read may be left of the answer before: another one may do better. */
function withoutVerdict(error: NodeJS.ErrnoException): Error {
  return error.code?.startsWith("HPE_") === true ? new Error(error.message, { cause: error }) : error;
}

function joined(headers: Http.IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}
