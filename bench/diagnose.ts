/**
 * `node bench/diagnose.ts [SERVICES VPCS]`: every service of an account diagnosed against moto, with the calls counted. 500
 * services of 40 VPCs where nothing is said. The time is moto's more than ours: the counts are what is compared.
 */

import { createAccountReads } from "../src/aws/diagnosis/account-reads.ts";
import { diagnoseServices } from "../src/diagnosis/diagnose-services.ts";
import { makeManyServices } from "../test/support/aws/many-services.ts";
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, startMoto } from "../test/support/aws/moto.ts";

const [services = 500, vpcs = 40] = process.argv.slice(2).map(Number);
const moto = await startMoto();
try {
  const settings = { region: "us-east-1", endpoint: moto.url, credentials: MOTO_CREDENTIALS };
  await makeManyServices(settings, { services, vpcs });
  const calls = new Map<string, number>();
  const watched = {
    ...settings,
    attemptsMax: 1,
    watch: async <T>({ action }: { readonly action: string }, send: (signal: undefined) => Promise<T>) => {
      calls.set(action, (calls.get(action) ?? 0) + 1);
      return await send(undefined);
    },
  };
  const began = performance.now();
  const reads = createAccountReads(watched, MOTO_ACCOUNT);
  let causes = 0;
  const { diagnosed } = await diagnoseServices(undefined, reads, ({ verdict }) => {
    if (verdict === "cause-found") causes += 1;
  });
  const seconds = (performance.now() - began) / 1000;
  const all = [...calls.values()].reduce((sum, count) => sum + count, 0);
  console.log(
    `${diagnosed} services of ${vpcs} VPCs: ${causes} with a cause, ${all} calls, ${seconds.toFixed(1)} s`,
  );
  for (const [action, count] of [...calls].toSorted((a, b) => b[1] - a[1]))
    console.log(`${String(count).padStart(6)}  ${action}`);
} finally {
  await moto.stop();
}
