/** A headless Chromium, driven over its own protocol: what a page shows, logs, asks the network for, and where it ends. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stopProcess } from "./stop-process.ts";

export type Page = {
  /** The value of an expression, as JSON carries it. */
  evaluate(expression: string): Promise<unknown>;
  /** A press of a key in the page: `Enter`, `Tab`. */
  press(key: "Enter" | "Tab" | " "): Promise<void>;
  resize(width: number, height: number): Promise<void>;
  darkMode(): Promise<void>;
  /** As it goes to paper. */
  printMode(): Promise<void>;
  screenshot(): Promise<Buffer>;
  /** What a paste would bring. */
  clipboard(): Promise<string>;
  /** Whatever was logged, thrown or refused by a policy. */
  readonly complaints: readonly string[];
  /** Every address that the page asked for, its own file left out. */
  readonly requests: readonly string[];
};

export type Chromium = {
  open(url: string, size: { width: number; height: number }): Promise<Page>;
  stop(): Promise<void>;
};

type Message = {
  id?: number;
  sessionId?: string;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
};

const START_MILLISECONDS_MAX = 60_000;

/** Throws where there is no Chromium, or it does not come up. */
export async function startChromium(): Promise<Chromium> {
  const folder = await mkdtemp(join(tmpdir(), "repull-chromium-"));
  const browser = spawn(
    "chromium",
    [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"],
      // A page that asks for anything shall be seen to, and get nothing.
      ...[
        "--disable-background-networking",
        "--disable-component-update",
        "--host-resolver-rules=MAP * ~NOTFOUND",
      ],
      ...[`--user-data-dir=${folder}`, "--remote-debugging-port=0", "about:blank"],
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  browser.once("error", () => {});
  const stop = async (): Promise<void> => {
    await stopProcess(browser);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    return await connectTo(await addressOf(browser), stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function addressOf(browser: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let words = "";
  const timer = setTimeout(
    () => reject(new Error(`chromium did not come up: ${words.slice(-500)}`)),
    START_MILLISECONDS_MAX,
  );
  browser.stderr?.on("data", (chunk) => {
    words += chunk;
    const address = /DevTools listening on (ws:\S+)/.exec(words)?.[1];
    if (address !== undefined) resolve(address);
  });
  browser.once("exit", (code) => reject(new Error(`chromium ended with ${code}: ${words.slice(-500)}`)));
  browser.once("error", reject);
  return promise.finally(() => clearTimeout(timer));
}

async function connectTo(address: string, stop: () => Promise<void>): Promise<Chromium> {
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true });
    socket.addEventListener("error", () => reject(new Error("chromium does not answer")), { once: true });
  });
  const waiting = new Map<number, (message: Message) => void>();
  const listeners = new Map<string, (method: string, params: Record<string, unknown>) => void>();
  let last = 0;
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    else listeners.get(message.sessionId ?? "")?.(message.method ?? "", message.params ?? {});
  });
  const send = async (
    method: string,
    params: object = {},
    sessionId?: string,
  ): Promise<Record<string, unknown>> => {
    const id = ++last;
    const { promise, resolve } = Promise.withResolvers<Message>();
    waiting.set(id, resolve);
    socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    const { result, error } = await promise;
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  };
  return {
    async open(url, size) {
      const { targetId } = await send("Target.createTarget", { url: "about:blank" });
      const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
      const permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"];
      await send("Browser.grantPermissions", { permissions });
      return await openPage(url, size, String(sessionId), send, listeners);
    },
    async stop() {
      socket.close();
      await stop();
    },
  };
}

async function openPage(
  url: string,
  size: { width: number; height: number },
  session: string,
  sendTo: (method: string, params: object, sessionId: string) => Promise<Record<string, unknown>>,
  listeners: Map<string, (method: string, params: Record<string, unknown>) => void>,
): Promise<Page> {
  const send = (method: string, params: object = {}) => sendTo(method, params, session);
  const complaints: string[] = [];
  const requests: string[] = [];
  const { promise: loaded, resolve: load } = Promise.withResolvers<void>();
  listeners.set(session, (method, params) => {
    if (/^(?:Runtime\.(?:consoleAPICalled|exceptionThrown)|Log\.entryAdded)$/.test(method))
      complaints.push(JSON.stringify(params).slice(0, 500));
    if (method === "Page.javascriptDialogOpening") complaints.push("a dialog");
    if (method === "Network.requestWillBeSent") {
      const { url: asked } = params.request as { url: string };
      if (asked !== url) requests.push(asked);
    }
    if (method === "Page.loadEventFired") load();
  });
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await send(`${domain}.enable`);
  const resize = async (width: number, height: number): Promise<void> => {
    await send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
  };
  await resize(size.width, size.height);
  await send("Page.navigate", { url });
  await loaded;
  return {
    complaints,
    requests,
    resize,
    async evaluate(expression) {
      const { result, exceptionDetails } = await send("Runtime.evaluate", {
        expression,
        returnByValue: true,
      });
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails).slice(0, 500));
      return (result as { value?: unknown }).value;
    },
    async press(key) {
      const text = key === "Enter" ? "\r" : key === " " ? " " : "";
      const code = { Enter: 13, Tab: 9, " ": 32 }[key];
      const event = { key, code: key === " " ? "Space" : key, windowsVirtualKeyCode: code };
      await send("Input.dispatchKeyEvent", { type: "keyDown", ...event, ...(text === "" ? {} : { text }) });
      await send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
    },
    async darkMode() {
      await send("Emulation.setEmulatedMedia", {
        features: [{ name: "prefers-color-scheme", value: "dark" }],
      });
    },
    async printMode() {
      await send("Emulation.setEmulatedMedia", { media: "print" });
    },
    async clipboard() {
      await send("Page.bringToFront");
      const { result, exceptionDetails } = await send("Runtime.evaluate", {
        expression: "navigator.clipboard.readText()",
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails).slice(0, 500));
      return String((result as { value?: unknown }).value);
    },
    async screenshot() {
      const { data } = await send("Page.captureScreenshot", { format: "png" });
      return Buffer.from(String(data), "base64");
    },
  };
}
