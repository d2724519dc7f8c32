import { Decimal } from 'decimal.js';

// The database holds numeric(38,12). Twice as many digits keep sums and products of such values exact.
const Exact = Decimal.clone({ precision: 76 });
const SHAPE = /^\d{1,15}(\.\d{1,12})?$/;

/** An exact amount of money, without its currency. */
export type Amount = Decimal;

/** Thrown when a text is no amount that can be stored exactly. */
export class InvalidAmountError extends Error {
  readonly code = 'invalid-amount';

  constructor() {
    super(
      'Write an amount with a point, at most 15 digits before and 12 after it, and neither sign nor exponent, such as 1500.00.',
    );
    this.name = 'InvalidAmountError';
  }
}

/**
 * Reads an amount such as `1500`, `1500.00` or `0.000000000001`; never negative.
 * @throws InvalidAmountError
 */
export function parseAmount(text: string): Amount {
  if (!SHAPE.test(text)) throw new InvalidAmountError();
  return new Exact(text);
}

/** Writes an amount with at least two decimals, no exponent, and no zeros at the end beyond those two. */
export function formatAmount(amount: Amount): string {
  return amount.decimalPlaces() < 2 ? amount.toFixed(2) : amount.toFixed();
}

/** Negative where `left` is smaller, positive where it is larger, 0 where both are the same amount (`1.5` and `1.50` are). */
export function compareAmounts(left: Amount, right: Amount): number {
  return left.comparedTo(right);
}

/** The exact sum of both amounts. */
export function addAmounts(left: Amount, right: Amount): Amount {
  return new Exact(left).plus(right);
}

const MOST = new Exact('1e15');

/** Whether an amount that was computed is one that could be written down as well: it has at most 15 digits before the point. */
export function isWritable(amount: Amount): boolean {
  return amount.abs().lessThan(MOST);
}

/** As many decimals as the database keeps. */
export const AMOUNT_SCALE = 12;

/** Reads a number of our own, such as the database's `numeric` or a price of a catalogue; unlike `parseAmount`, it may be negative. */
export function exactly(value: string | number): Amount {
  return new Exact(value);
}

/** The exact difference, which may be negative. */
export function subtractAmounts(left: Amount, right: Amount): Amount {
  return new Exact(left).minus(right);
}

/** The exact product. */
export function multiplyAmounts(left: Amount, right: Amount | number): Amount {
  return new Exact(left).times(right);
}

/** Rounds to what can be stored; a half goes to the even neighbour, so that many lines do not drift one way. */
export function roundAmount(amount: Amount): Amount {
  return amount.toDecimalPlaces(AMOUNT_SCALE, Decimal.ROUND_HALF_EVEN);
}
