import type { UnlockedKeys, Vault } from '../platform/crypto/vault.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { type ApprovalDetails, openDetails, textPlace } from './details.ts';
import { type IntentKind, IntentRow } from './entities.ts';
import type { Chain, Channel, Changes, Command, DecisionKind } from './rules.ts';
import type { StoredApproval } from './store.ts';

/** How long the request that recorded an intent has to carry it out itself, before the relay does. */
const RELAY_WAITS_MS = 15_000;

export interface NewIntent {
  readonly id: string;
  readonly approval: string;
  readonly kind: IntentKind;
  readonly person: string | null;
  readonly channel: Channel;
  readonly command: IntentRow['command'];
  /** What was written along with it, and whose words they are. */
  readonly text?: { readonly of: string; readonly text: string } | null;
}

/** What a resubmission brings: everything as it now is. */
export interface Resubmission {
  readonly details: ApprovalDetails;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly chain: Chain;
}

export interface OpenedIntent {
  readonly command: Command;
  readonly comment: string | null;
  readonly resubmission: Resubmission | null;
}

/** Records what somebody was told is accepted. From here on it is carried out, whoever crashes. */
export function recordIntent(tx: Transaction, keys: UnlockedKeys, intent: NewIntent): IntentRow {
  const { em, origin, at } = tx;
  const { text, ...rest } = intent;
  const row = em.create(IntentRow, {
    ...rest,
    organization: origin.organization,
    actor: origin.actor,
    requestId: origin.requestId,
    text: text ? keys.seal(text.of, textPlace(intent.id), text.text) : null,
    state: 'pending',
    createdAt: at,
  });
  em.persist(row);
  tx.enqueue({ id: intent.id, channel: 'workflow', reference: { type: 'intent', approval: intent.approval, intent: intent.id }, dueAt: new Date(at.getTime() + RELAY_WAITS_MS) });
  return row;
}

/** Turns recorded intents back into commands. */
export class IntentReader {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  async open(tx: Transaction, stored: StoredApproval, intent: IntentRow): Promise<OpenedIntent> {
    const keys = await this.#vault.unlockFor(tx.em, tx.origin.organization, [intent.text, intent.kind === 'resubmit' ? stored.row.details : null]);
    const text = keys.open(intent.text, textPlace(intent.id));
    if (intent.kind !== 'resubmit') return { command: commandOf(intent, stored), comment: text, resubmission: null };
    const resubmission = JSON.parse(text ?? 'null') as Resubmission | null;
    if (!resubmission) return { command: { type: 'withdraw' }, comment: null, resubmission: null };
    const before = openDetails(keys, stored.row.id, stored.row.details);
    return { command: { type: 'resubmit', changes: changesOf(stored, before, resubmission) }, comment: null, resubmission };
  }
}

function commandOf(intent: IntentRow, stored: StoredApproval): Command {
  const { command } = intent;
  switch (intent.kind) {
    case 'decide':
      return { type: 'decide', person: intent.person ?? '', decision: command['decision'] as DecisionKind, channel: intent.channel, revision: typeof command['revision'] === 'number' ? command['revision'] : undefined };
    case 'withdraw':
      return { type: 'withdraw' };
    case 'reassign':
      return { type: 'reassign', from: String(command['from']), to: String(command['to']) };
    case 'remind':
      return { type: 'remind', stage: stored.approval.stages.find((stage) => stage.state === 'open')?.index ?? -1, revision: stored.approval.revision };
    case 'refresh':
    case 'resubmit':
      return { type: 'refresh' };
  }
}

function changesOf(stored: StoredApproval, before: ApprovalDetails | null, after: Resubmission): Changes {
  const { row } = stored;
  return {
    amount: after.amount,
    chain: after.chain,
    contextChanged: canonicalJson(before?.context ?? null) !== canonicalJson(after.details.context) || (row.currency ?? null) !== after.currency,
    textChanged: before?.title !== after.details.title || (before?.description ?? null) !== after.details.description,
  };
}

/** JSON with sorted keys: what differs in the order of its members only is the same. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}
