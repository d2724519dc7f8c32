import {
  type Amount,
  AMOUNT_SCALE,
  addAmounts,
  compareAmounts,
  exactly,
  multiplyAmounts,
  subtractAmounts,
} from '../../platform/money.ts';

/** How the cost of a shared pool is charged to those who share it (`cost_allocation.method`, `charge_back_method`). */
export const ALLOCATION_METHODS = ['fixed', 'usage_based', 'even'] as const;
export type AllocationMethod = (typeof ALLOCATION_METHODS)[number];

/** Whoever takes a share: a team or a cost centre. */
export interface Sharer {
  readonly key: string;
  /** Of a fixed allocation: any unit, such as percent; only their proportion counts. */
  readonly share?: Amount;
  /** What it has used of the pool: any unit, such as cost or tokens. */
  readonly used?: Amount;
}

export interface AllocatedShare {
  readonly key: string;
  readonly amount: Amount;
}

const ONE = exactly(1);
const NOTHING = exactly(0);

/**
 * Divides an amount among sharers so that their parts add up to it, to the last digit. Where nobody has used anything, a
 * pool's cost is divided evenly: it has to be charged to somebody.
 * @param total may be negative, as a credit is
 * @param sharers with different keys; the result keeps their order and does not depend on it otherwise
 * @returns nothing where there are no sharers
 */
export function allocate(total: Amount, method: AllocationMethod, sharers: readonly Sharer[]): AllocatedShare[] {
  const weights = sharers.map((sharer) => weightOf(method, sharer));
  const sum = weights.reduce(addAmounts, NOTHING);
  return compareAmounts(sum, NOTHING) > 0
    ? byLargestRemainder(total, sharers, weights)
    : byLargestRemainder(
        total,
        sharers,
        sharers.map(() => ONE),
      );
}

function weightOf(method: AllocationMethod, { share = NOTHING, used = NOTHING }: Sharer): Amount {
  if (method === 'even') return ONE;
  const weight = method === 'fixed' ? share : used;
  return compareAmounts(weight, NOTHING) < 0 ? NOTHING : weight;
}

/**
 * The largest remainder method (Hamilton): everybody gets their part rounded down to what can be stored, and what is left
 * over goes, one smallest unit each, to those whom rounding took most from; of equals to the key that sorts first.
 */
function byLargestRemainder(total: Amount, sharers: readonly Sharer[], weights: readonly Amount[]): AllocatedShare[] {
  const unit = exactly(`1e-${AMOUNT_SCALE}`);
  const units = multiplyAmounts(total.abs(), exactly(`1e${AMOUNT_SCALE}`)).floor();
  const sum = weights.reduce(addAmounts, NOTHING);
  const parts = sharers.map(({ key }, index) => {
    // Whole units and what remains of the division, both exact: quotients are never rounded before they are compared.
    const scaled = multiplyAmounts(units, weights[index] ?? NOTHING);
    const whole = scaled.divToInt(sum);
    return { key, whole, remainder: subtractAmounts(scaled, multiplyAmounts(whole, sum)) };
  });
  const left = parts.reduce((rest, part) => subtractAmounts(rest, part.whole), units).toNumber();
  const lucky = new Set(
    parts
      .toSorted((a, b) => compareAmounts(b.remainder, a.remainder) || (a.key < b.key ? -1 : 1))
      .slice(0, left)
      .map((part) => part.key),
  );
  const sign = total.isNegative() ? -1 : 1;
  return parts.map(({ key, whole }) => ({
    key,
    amount: multiplyAmounts(multiplyAmounts(lucky.has(key) ? addAmounts(whole, ONE) : whole, unit), sign),
  }));
}
