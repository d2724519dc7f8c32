import type { Role } from '../../tenancy/rules/roles.ts';

/** Why people whom a stage names are not asked: how many of them, never who. */
export interface LeftOut {
  /** They are the requester, or made the request. */
  readonly parties: number;
  readonly inactive: number;
  /** They are absent, and nobody may stand in for them. */
  readonly absent: number;
  /** They are absent, and who stands in for them is asked already. */
  readonly sharedDelegate: number;
  /** They have decided already: one person counts once. */
  readonly decided: number;
  /** Roles that nobody eligible holds in the team or above it. */
  readonly vacantRoles: readonly Role[];
}

export interface NotEnoughApprovers {
  readonly code: 'not-enough-approvers';
  readonly stage: number;
  readonly required: number;
  readonly available: number;
  readonly leftOut: LeftOut;
}

/** One person counts once in a request, and these stages together need more people than they have between them. */
export interface StagesCompete {
  readonly code: 'stages-compete';
  readonly stage: number;
  readonly stages: readonly number[];
  readonly required: number;
  readonly available: number;
}

/** Why a chain, or one of its stages (counted from 0), can never do what it says. */
export type Problem =
  | NotEnoughApprovers
  | StagesCompete
  | { readonly code: 'no-stages' | 'no-hierarchy' | 'empty-hierarchy'; readonly stage: null }
  | { readonly code: 'amount-needed'; readonly stage: number | null }
  | { readonly code: 'escalation-missing' | 'escalation-unreachable' | 'timeout-missing'; readonly stage: number }
  | { readonly code: 'unknown-calendar' | 'calendar-too-sparse'; readonly stage: number }
  | { readonly code: 'reminder-too-late'; readonly stage: number; readonly reminder: string }
  | { readonly code: 'duplicate-role' | 'invalid-threshold'; readonly stage: null; readonly role: Role }
  | { readonly code: 'above-all-authority'; readonly stage: null; readonly highest: string };
