/**
 * What is unmeasured, each with a switch.
 *
 * Where public sources do not say how ECS behaves, the sandbox takes one side and can take the other, so that
 * a remediation can be tried in both worlds. A first real deployment may settle them; see the names for the questions.
 */

export type Assumptions = {
  /** Whether an image may be written `name:tag@sha256:…`; the documented form is `name@sha256:…`. */
  readonly imageMayHaveTagAndDigest: boolean;
  /** Whether a rolled-back service starts its old tasks anew (and pulls again), or keeps those still running. */
  readonly rollbackStartsAnew: boolean;
  /** How long a new task must run before the scheduler stops an old one for it. */
  readonly replaceAfterSeconds: number;
  /** The pause after the first failed round of starts, what each further one multiplies it by, and its bound (27 minutes: documented). */
  readonly throttle: {
    readonly firstSeconds: number;
    readonly growth: number;
    readonly maxSeconds: number;
  };
  /** From the failure that is one too many to the circuit breaker's verdict: 44 seconds in the one log that shows it. */
  readonly breakerSeconds: number;
  /** Fargate "truncates long error messages"; where is not said. */
  readonly fargateReasonLengthMax: number;
  /** The containerd whose words Fargate speaks: 2 puts a newline where 1 writes " - Server message: ". */
  readonly containerd: 1 | 2;
  /** The error name of an EC2 agent that resolves digests first. */
  readonly ec2ErrorName: "CannotPullContainerError" | "CannotPullImageManifestError";
  /** Whether the name of a durable execution is taken for its own function only, or for the whole account. */
  readonly executionNames: "per-function" | "per-account";
  /** Whether a task that could not start has the digest to which its image's tag was resolved. */
  readonly failedTaskTellsDigest: boolean;
  /** Whether the number in a deployment's id (`ecs-svc/N`) is the id of the service revision that it brought. */
  readonly deploymentIdNamesRevision: boolean;
};

export const DEFAULT_ASSUMPTIONS: Assumptions = {
  imageMayHaveTagAndDigest: true,
  rollbackStartsAnew: true,
  replaceAfterSeconds: 15,
  throttle: { firstSeconds: 30, growth: 2, maxSeconds: 27 * 60 },
  breakerSeconds: 44,
  fargateReasonLengthMax: 1024,
  containerd: 1,
  ec2ErrorName: "CannotPullContainerError",
  executionNames: "per-function",
  failedTaskTellsDigest: false,
  deploymentIdNamesRevision: true,
};
