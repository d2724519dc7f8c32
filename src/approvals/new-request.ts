import type { Vault } from '../platform/crypto/vault.ts';
import type { OutboxMessage, Transaction } from '../platform/unit-of-work.ts';
import { type ApprovalDetails, sealDetails } from './details.ts';
import { type ApprovalKind, ApprovalRow } from './entities.ts';
import { type Chain, newApproval, type Parties } from './rules.ts';
import type { StoredApproval } from './store.ts';

/** A request as it is to be stored; ids are internal. */
export interface NewRequest {
  readonly id: string;
  readonly team: string;
  readonly kind: ApprovalKind;
  readonly parties: Parties & { readonly requester: string };
  readonly creatorKey: string | null;
  readonly amount: { readonly value: string; readonly currency: string } | null;
  readonly chain: Chain;
  readonly details: ApprovalDetails;
  readonly expiresAt: Date | null;
  /** What goes into the outbox when it is closed. */
  readonly onClosed?: Pick<OutboxMessage, 'channel' | 'reference'>;
}

/** Adds a request before its first stage is opened; what it says is sealed for its requester. */
export async function addRequest(tx: Transaction, vault: Vault, request: NewRequest): Promise<StoredApproval> {
  const { em, at, origin } = tx;
  const { id, team, kind, parties, creatorKey, amount, chain, details, expiresAt, onClosed = null } = request;
  const { requester, creator, beneficiary = null } = parties;
  const keys = await vault.unlock(em, origin.organization, [requester]);
  const row = em.create(ApprovalRow, {
    id,
    organization: origin.organization,
    team,
    kind,
    requester,
    creator,
    creatorKey,
    beneficiary,
    state: 'pending',
    version: 0,
    amount: amount?.value ?? null,
    currency: amount?.currency ?? null,
    chain,
    details: sealDetails(keys, requester, id, details),
    onClosed,
    createdAt: at,
    updatedAt: at,
    expiresAt,
  });
  em.persist(row);
  const approval = newApproval({ parties, amount: amount?.value ?? null, chain, createdAt: at, expiresAt });
  return { row, stages: [], asks: [], decisions: [], approval };
}
