import type { Amount } from '../money.ts';

/*
 * Literals of PostgreSQL arrays (8.15.2), so that thousands of rows travel as one parameter per column and are unnested
 * there: with a parameter per value, reading the statement takes longer than carrying it out.
 */

/** UUIDs, numbers, booleans and whatever else needs no quotes. */
export function plainArray(values: Iterable<string | number | boolean | null>): string {
  return `{${Array.from(values, (value) => value ?? 'NULL').join(',')}}`;
}

export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`)).join(',')}}`;
}

export function timeArray(values: readonly Date[]): string {
  return `{${values.map((value) => value.toISOString()).join(',')}}`;
}

export function amountArray(values: readonly (Amount | null)[]): string {
  return `{${values.map((value) => value?.toFixed() ?? 'NULL').join(',')}}`;
}
