import { equal } from "node:assert/strict";
import { describe, test } from "vitest";
import { type AddressKind, kindOfAddress } from "../../../src/oci/http/address-kind.ts";

describe("what an address is", () => {
  // biome-ignore format: one row a line
  const table: readonly (readonly [string, AddressKind])[] = [
    ["127.0.0.1",              "loopback"],
    ["127.8.8.8",              "loopback"],
    ["::1",                    "loopback"],
    ["0:0:0:0:0:0:0:1",        "loopback"],
    ["::ffff:127.0.0.1",       "loopback"],
    ["::ffff:7f00:1",          "loopback"],
    ["64:ff9b::127.0.0.1",     "loopback"],
    ["169.254.169.254",        "never"],
    ["169.254.170.2",          "never"],
    ["::ffff:169.254.169.254", "never"],
    ["::ffff:a9fe:a9fe",       "never"],
    ["64:ff9b::a9fe:a9fe",     "never"],
    ["2002:a9fe:a9fe::1",      "never"],
    ["fe80::1",                "never"],
    ["fe80::1%eth0",           "never"],
    ["febf::1",                "never"],
    ["fd00:ec2::254",          "never"],
    ["fd00:ec2::23",           "never"],
    ["0.0.0.0",                "never"],
    ["0.1.2.3",                "never"],
    ["::",                     "never"],
    ["::ffff:0.0.0.0",         "never"],
    ["224.0.0.1",              "never"],
    ["255.255.255.255",        "never"],
    ["ff02::1",                "never"],
    ["no address",             "never"],
    ["",                       "never"],
    ["10.0.0.1",               "private"],
    ["172.16.0.1",             "private"],
    ["172.31.255.255",         "private"],
    ["192.168.1.1",            "private"],
    ["100.64.0.1",             "private"],
    ["100.127.255.255",        "private"],
    ["198.19.0.1",             "private"],
    ["fd12:3456::1",           "private"],
    ["fc00::1",                "private"],
    ["fec0::1",                "private"],
    ["::ffff:10.0.0.1",        "private"],
    ["::10.0.0.1",             "private"],
    ["64:ff9b::10.0.0.1",      "private"],
    ["64:ff9b:1::1",           "private"],
    ["2002:a00:1::",           "private"],
    ["172.32.0.1",             "public"],
    ["100.128.0.1",            "public"],
    ["52.1.2.3",               "public"],
    ["::ffff:52.1.2.3",        "public"],
    ["64:ff9b::52.1.2.3",      "public"],
    ["2600:1f18::1",           "public"],
  ];
  for (const [address, kind] of table) {
    test(`${address || "nothing"} is ${kind}`, () => equal(kindOfAddress(address), kind));
  }
});
