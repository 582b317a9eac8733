/** The routes of a subnet: by its own table, or else by its VPC's main one. */

import type { Route, RouteTable } from "@aws-sdk/client-ec2";

export function routesOf(
  subnet: string,
  vpc: string | undefined,
  tables: readonly RouteTable[],
): readonly Route[] {
  const own = tables.find(({ Associations = [] }) =>
    Associations.some(({ SubnetId }) => SubnetId === subnet),
  );
  const main = tables.find(
    ({ VpcId, Associations = [] }) => VpcId === vpc && Associations.some(({ Main }) => Main === true),
  );
  return (own ?? main)?.Routes ?? [];
}
