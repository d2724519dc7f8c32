import type { EntityManager } from '@mikro-orm/postgresql';
import type { UnlockedKeys } from '../platform/crypto/vault.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { OutboxRow } from './entities.ts';

/** Where an outbox body is sealed to: it opens in no other row. */
export function outboxPlace(id: string): string {
  return `outbox.body:${id}`;
}

/** Adds the messages to the transaction that makes the change. */
export function writeOutbox(tx: Transaction, keys: UnlockedKeys): void {
  const { at, origin } = tx;
  for (const { id, channel, reference, body, dueAt = at } of tx.outbox) {
    const sealed = body ? keys.seal(body.subjects, outboxPlace(id), body.text) : null;
    tx.add(OutboxRow, {
      id,
      organization: origin.organization,
      channel,
      reference,
      body: sealed,
      createdAt: at,
      dueAt,
    });
  }
}

/** Takes messages out that something else has carried out meanwhile. */
export async function settleOutbox(em: EntityManager, messages: readonly string[]): Promise<void> {
  await em.nativeDelete(OutboxRow, { id: { $in: [...messages] } });
}
