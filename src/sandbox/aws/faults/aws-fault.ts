/** Called before each action with its IAM name; throws an AwsError to have that action fail. */
export type AwsFault = (action: string) => void;
