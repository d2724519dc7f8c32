import { counted, formatAmount } from '../pages/format.ts';
import { exactly } from '../platform/money.ts';
import { type Change, changesOf, type Money, percentOf, type Tally } from './rules.ts';

const NUMBER = new Intl.NumberFormat('en-US');
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });

/** Writes 1234567 as `1,234,567`. */
export function numberText(count: number): string {
  return NUMBER.format(count);
}

/** Writes `2026-11-16` and `2026-11-22` as `16 November 2026 to 22 November 2026`. */
export function daysText({ firstDay, lastDay }: { readonly firstDay: string; readonly lastDay: string }): string {
  return [firstDay, lastDay].map((day) => DAY.format(new Date(`${day}T00:00:00Z`))).join(' to ');
}

/** Writes an amount to its last digit. */
export function moneyText({ amount, currency }: Money): string {
  return formatAmount({ value: amount.toFixed(), currency });
}

/** Writes what was spent in every currency; `nothing` where nothing was. */
export function costText({ cost }: Tally): string {
  return cost.length === 0 ? 'nothing' : cost.map(moneyText).join(' + ');
}

/** Says how costs have changed against the period before. */
export function changeText(now: Tally, before: Tally): string {
  const changes = changesOf(now, before);
  return changes.length === 0 ? 'nothing was spent then either' : changes.map(oneChange).join('; ');
}

/** Writes `12 (1.2 %)`. */
export function partText(part: number, whole: number): string {
  const percent = percentOf(exactly(part), exactly(whole));
  return percent === null || part === 0 ? numberText(part) : `${numberText(part)} (${percent} %)`;
}

/** Says that calls have no price. */
export function unpricedText(unpriced: number): string {
  return `${counted(unpriced, 'request')}, whose cost is not known yet and in none of these amounts`;
}

function oneChange({ currency, before, difference, percent }: Change): string {
  if (percent === null) return `${moneyText({ amount: difference, currency })} after nothing`;
  const then = moneyText({ amount: before, currency });
  if (difference.isZero()) return `as much, ${then}`;
  const by = moneyText({ amount: difference.abs(), currency });
  return `${by} (${percent.replace(/^-/, '')} %) ${difference.isNegative() ? 'less' : 'more'} than ${then}`;
}
