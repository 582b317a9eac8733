import { describe, expect, it } from "vitest";
import { loadedWhenUsed } from "../../src/runtime/loaded-when-used.ts";

type Port = { read(name: string): Promise<string>; write(name: string): Promise<void> };

function port(fails = 0) {
  const loads: string[] = [];
  const written: string[] = [];
  const made = loadedWhenUsed<Port>({ read: true, write: true }, async () => {
    loads.push("load");
    if (loads.length <= fails) throw new Error("the file is gone");
    return {
      read: async (name) => `text of ${name}`,
      write: async (name) => void written.push(name),
    };
  });
  return { made, loads, written };
}

describe("a port that is loaded when it is used", () => {
  it("loads nothing before the first call", () => {
    expect(port().loads).toEqual([]);
  });

  it("loads once for calls that come at the same time, and gives each its own answer", async () => {
    const { made, loads, written } = port();
    expect(await Promise.all([made.read("a"), made.read("b"), made.write("c")])).toEqual([
      "text of a",
      "text of b",
      undefined,
    ]);
    expect(written).toEqual(["c"]);
    expect(loads).toHaveLength(1);
  });

  it("fails the call that could not load, and loads again for the next", async () => {
    const { made } = port(1);
    await expect(made.read("a")).rejects.toThrow("the file is gone");
    expect(await made.read("a")).toBe("text of a");
  });

  it("keeps its methods when it is spread into another object", async () => {
    const { made } = port();
    expect(await { ...made, write: async () => {} }.read("a")).toBe("text of a");
  });
});
