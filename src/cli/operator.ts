import type { Actor } from '../platform/unit-of-work.ts';

/** Whoever may run commands on the server; the audit log knows them by no key. */
export const OPERATOR: Actor = { type: 'operator', id: null };
