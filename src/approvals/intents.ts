import type { UnlockedKeys, Vault } from '../platform/crypto/vault.ts';
import { type RequestSource, sourceSubject } from '../platform/request-source.ts';
import type { Origin, Transaction } from '../platform/unit-of-work.ts';
import { openDetails, textPlace } from './details.ts';
import { type IntentKind, IntentRow, LinkRow } from './entities.ts';
import { changesOf, mergeResubmission, type NewResubmission, type Resubmission } from './resubmissions.ts';
import { type Channel, type Command, type DecisionKind, openStageOf } from './rules.ts';
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

export interface OpenedIntent {
  readonly command: Command;
  readonly comment: string | null;
  readonly resubmission: Resubmission | null;
}

/**
 * Records what somebody was told is accepted. From here on it is carried out, whoever crashes.
 * @param keys those of whoever wrote the text, and of the origin's `sourceSubject`
 * @param relayedAt when the relay carries it out, where nobody has by then
 */
export function recordIntent(
  tx: Transaction,
  keys: UnlockedKeys,
  intent: NewIntent,
  relayedAt = new Date(tx.at.getTime() + RELAY_WAITS_MS),
): void {
  const { origin, at } = tx;
  const { text, ...rest } = intent;
  tx.add(IntentRow, {
    ...rest,
    organization: origin.organization,
    actor: origin.actor,
    requestId: origin.requestId,
    text: text ? keys.seal(text.of, textPlace(intent.id), text.text) : null,
    source: sealSource(origin, keys, intent.id),
    state: 'pending',
    createdAt: at,
  });
  tx.enqueue({
    id: intent.id,
    channel: 'workflow',
    reference: { type: 'intent', approval: intent.approval, intent: intent.id },
    dueAt: relayedAt,
  });
}

/** Turns recorded intents back into commands. */
export class IntentReader {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** Has the transaction act in the name of whoever the intent is of: that is what the audit log is to say. */
  async actFor(tx: Transaction, { id, actor, requestId, source }: IntentRow): Promise<void> {
    const keys = await this.#vault.unlockFor(tx.em, tx.origin.organization, [source]);
    const opened = keys.open(source, sourcePlace(id));
    tx.actAs(actor, requestId ?? null, opened === null ? null : (JSON.parse(opened) as RequestSource));
  }

  /** @returns a refusal where what was to be done no longer makes sense */
  async open(
    tx: Transaction,
    stored: StoredApproval,
    intent: IntentRow,
  ): Promise<OpenedIntent | { readonly refusal: string }> {
    const keys = await this.#vault.unlockFor(tx.em, tx.origin.organization, [
      intent.text,
      intent.kind === 'resubmit' ? stored.row.details : null,
    ]);
    const text = keys.open(intent.text, textPlace(intent.id));
    if (intent.kind === 'reassign')
      return { command: await reassignOf(tx, intent, stored), comment: null, resubmission: null };
    if (intent.kind !== 'resubmit') return { command: commandOf(intent), comment: text, resubmission: null };
    const before = openDetails(keys, stored.row.id, stored.row.details);
    // Only the requester's words can be read with the requester's key: both are gone together.
    if (text === null || before === null) return { refusal: 'requester-erased' };
    const resubmission = mergeResubmission(stored, before, JSON.parse(text) as NewResubmission);
    if ('refusal' in resubmission) return resubmission;
    return {
      command: { type: 'resubmit', changes: changesOf(stored, before, resubmission) },
      comment: null,
      resubmission,
    };
  }
}

function sourcePlace(id: string): string {
  return `approval_intents.source:${id}`;
}

/** null also where whoever it tells about was erased. */
function sealSource(origin: Origin, keys: UnlockedKeys, id: string): Buffer | null {
  const subject = sourceSubject(origin);
  return origin.source && keys.has(subject) ? keys.seal(subject, sourcePlace(id), JSON.stringify(origin.source)) : null;
}

/** Whoever was removed is asked no longer, and had a place to hand over all the same: the link that was mailed to them says so. */
async function reassignOf(
  tx: Transaction,
  { command }: IntentRow,
  { row, approval }: StoredApproval,
): Promise<Command> {
  const from = String(command['from']);
  const stage = openStageOf(approval)?.index ?? -1;
  const links = await tx.em.count(LinkRow, { approval: row.id, revision: row.revision, stage, person: from });
  return { type: 'reassign', from, to: String(command['to']), wasAsked: links > 0 };
}

function commandOf(intent: IntentRow): Command {
  const { command } = intent;
  switch (intent.kind) {
    case 'decide':
      return {
        type: 'decide',
        person: intent.person ?? '',
        decision: command['decision'] as DecisionKind,
        channel: intent.channel,
        revision: typeof command['revision'] === 'number' ? command['revision'] : undefined,
      };
    case 'withdraw':
      return { type: 'withdraw' };
    case 'remind':
      return { type: 'remind', stage: Number(command['stage']), revision: Number(command['revision']) };
    case 'refresh':
    case 'reassign':
    case 'resubmit':
      return { type: 'refresh' };
  }
}
