/** The roles of `repull scan --roles`, which go into a parameter of CloudFormation as they are. */

import { expect, test } from "vitest";
import { printScan } from "../../../src/cli/scan/print-scan.ts";
import { readTemplate } from "../../support/aws/template.ts";
import { commandIo, objectsIn } from "../../support/command-io.ts";
import { scanOf } from "../../support/scan-world.ts";

/** A scan in which so many services each have a role of their own. */
async function printed(services: number, json = false) {
  const scan = await scanOf({ services: [{ name: "web", images: ["nginx:1.27"] }] });
  const exposures = scan.exposures.flatMap((one) =>
    Array.from({ length: services }, (_, index) => ({
      ...one,
      roles: [`arn:aws:iam::${111111111111 + index}:role/orders-service-task-role`],
    })),
  );
  const io = commandIo();
  printScan({ ...scan, exposures }, { csv: false, roles: true, json }, "", io);
  return io.printed;
}

test("roles that fit into the stack's parameter are printed without a remark", async () => {
  expect((await printed(70)).err).toBe("");
});

for (const json of [false, true])
  test(`roles that do not fit into the stack's parameter are printed with what fits${json ? ", as JSON too" : ""}`, async () => {
    const { out, err } = await printed(80, json);
    const roles = json ? objectsIn(out)[0]?.roles : out.trimEnd().split(",");
    expect(roles).toHaveLength(80);
    expect(err).toMatch(/4,479 characters.* 4,096/);
    const proposed = err.match(/arn:aws:iam::\S*[^\s,.]/g) ?? [];
    expect(proposed).toHaveLength(2);
    const pattern = new RegExp(String(readTemplate().parameters.PassableRoleArns?.AllowedPattern));
    expect(proposed.filter((arn) => !pattern.test(arn))).toEqual([]);
  });
