import type { LeafFields } from '../rules/leaf-fields.ts';

/** Reads a leaf that was stored: the database lets no row in whose leaf is none. */
export function leafFields(leaf: string): LeafFields {
  return JSON.parse(leaf) as LeafFields;
}
