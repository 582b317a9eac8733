/** Who started a task, and so what has to change for its next start to succeed. */
export type Owner =
  | {
      readonly kind: "service";
      readonly cluster: string;
      readonly service: string;
      readonly deploymentId?: string;
    }
  | { readonly kind: "standalone"; readonly cluster: string; readonly family: string }
  | {
      readonly kind: "scheduled";
      readonly cluster: string;
      readonly family: string;
      readonly schedule: string;
    };
