import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { ApprovalControl, IntentInput, IntentOutcome } from './approvals.ts';

/** Verdicts are Updates: whoever sends one learns whether it was taken. Each is refused before anything is recorded, if it can be. */
export const decideUpdate = defineUpdate<IntentOutcome, [IntentInput]>('decide');
export const withdrawUpdate = defineUpdate<IntentOutcome, [IntentInput]>('withdraw');
export const reassignUpdate = defineUpdate<IntentOutcome, [IntentInput]>('reassign');
export const resubmitUpdate = defineUpdate<IntentOutcome, [IntentInput]>('resubmit');
export const remindUpdate = defineUpdate<IntentOutcome, [IntentInput]>('remind');
export const refreshUpdate = defineUpdate<IntentOutcome, [IntentInput]>('refresh');

/** What the workflow waits for; for whoever operates it. Opaque ids only. */
export const controlQuery = defineQuery<ApprovalControl>('control');
