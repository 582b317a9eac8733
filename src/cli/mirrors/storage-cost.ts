/**
 * What ECR charges for a month of storage. AWS publishes a price for each region; one is written here, and each answer says
 * which. Its page could not be read here; others quote it in March 2026 (https://cloudburn.io/blog/amazon-ecr-pricing).
 * https://aws.amazon.com/ecr/pricing/: 0.10 USD for each GB and month, US East (N. Virginia).
 */

const USD_PER_GB_MONTH = 0.1;
const GB = 1e9;

/** The month's price in cents' precision, and whose price it is. */
export function storageCost(
  bytes: number,
  region: string,
): { readonly usdPerMonth: number; readonly price: string } {
  const usdPerMonth = costOf(bytes);
  const known = "0.10 USD for a GB and month, us-east-1, as quoted in March 2026";
  return {
    usdPerMonth,
    price: region === "us-east-1" ? known : `${known}; the price of ${region} is not known here`,
  };
}

/** In USD, to the cent, at the price of us-east-1. */
export function costOf(bytes: number): number {
  return Math.round((bytes / GB) * USD_PER_GB_MONTH * 100) / 100;
}
