import type { UnlockedKeys } from '../platform/crypto/vault.ts';

/** What the requester wrote. Kept sealed under their key, as one piece. */
export interface ApprovalDetails {
  readonly title: string;
  readonly description: string | null;
  readonly context: Readonly<Record<string, unknown>> | null;
  /** Names of the chain's stages, where it has any. */
  readonly stageNames: readonly (string | null)[];
}

const place = (approval: string) => `approvals.details:${approval}`;

export function sealDetails(keys: UnlockedKeys, requester: string, approval: string, details: ApprovalDetails): Buffer {
  return keys.seal(requester, place(approval), JSON.stringify(details));
}

/** @returns null once the requester was erased */
export function openDetails(keys: UnlockedKeys, approval: string, sealed: Uint8Array): ApprovalDetails | null {
  const text = keys.open(sealed, place(approval));
  return text === null ? null : (JSON.parse(text) as ApprovalDetails);
}

/** Where an intent's text and the decision's comment are sealed to: they are the same text under the same id. */
export function textPlace(intent: string): string {
  return `approval_intents.text:${intent}`;
}
