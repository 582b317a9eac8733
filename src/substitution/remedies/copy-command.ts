/** The command that copies an image into the operator's ECR, where neither account nor repository is known. */

/** The target is a place to be filled in: `repull mirror` takes no call without one. */
export function copyCommand(image: string): string {
  return `repull mirror ${image} ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG`;
}
