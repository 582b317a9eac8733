/** Where the sandbox pretends to be. */
export type AwsLocation = { readonly account: string; readonly region: string; readonly partition: string };

/** The account of AWS's own examples: no customer has it. */
export const EXAMPLE_LOCATION: AwsLocation = {
  account: "123456789012",
  region: "us-east-1",
  partition: "aws",
};
