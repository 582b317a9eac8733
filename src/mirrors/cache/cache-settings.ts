/** What ECR gets for a pull-through cache: the rule, and the template of the repositories that it makes. */

export type CacheRule = {
  /** The first part of its repositories' names. */
  readonly prefix: string;
  /** As ECR names it: `registry-1.docker.io`. */
  readonly upstreamHost: string;
  /** Absent or `ROOT`: all of the upstream. */
  readonly upstreamPrefix?: string;
  /** The ARN of the secret by which ECR signs in there. */
  readonly secret?: string;
};

export type CreationTemplate = {
  readonly prefix: string;
  /** `PULL_THROUGH_CACHE`, `REPLICATION`, `CREATE_ON_PUSH`. */
  readonly appliedFor: readonly string[];
  readonly mutability: string;
  /** The ARN of the key; `""`: under KMS by AWS's own key for ECR. Absent: not by KMS. */
  readonly kmsKey?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** A lifecycle policy as JSON. */
  readonly lifecycle?: string;
  readonly repositoryPolicy?: string;
  /** The role by which ECR makes the repositories. */
  readonly role?: string;
};

/** A cache as it is wanted; without a template ECR makes repositories with its own defaults. */
export type WantedCache = { readonly rule: CacheRule; readonly template?: CreationTemplate };

export type FoundCaches = {
  readonly rules: readonly CacheRule[];
  readonly templates: readonly CreationTemplate[];
};

/** What a caller may do with the settings of ECR. Each call throws an error where AWS refuses it. */
export interface CacheSettings {
  rules(): Promise<readonly CacheRule[]>;
  templates(): Promise<readonly CreationTemplate[]>;
  /** `taken`: another caller was there first. */
  createRule(rule: CacheRule): Promise<"created" | "taken">;
  createTemplate(template: CreationTemplate): Promise<"created" | "taken">;
  /** Whether ECR can sign in at the upstream by the rule. */
  validate(prefix: string): Promise<{ readonly isValid: boolean; readonly because: string }>;
}
