import type { EntityManager } from '@mikro-orm/postgresql';
import type { UnlockedKeys } from '../platform/crypto/vault.ts';
import type { OutboxMessage } from '../platform/unit-of-work.ts';
import { OutboxRow } from './entities.ts';

/** Where an outbox body is sealed to: it opens in no other row. */
export function outboxPlace(id: string): string {
  return `outbox.body:${id}`;
}

/** Adds the messages to the transaction that makes the change. */
export function writeOutbox(em: EntityManager, organization: string, at: Date, messages: readonly OutboxMessage[], keys: UnlockedKeys): void {
  for (const message of messages) {
    em.persist(
      em.create(OutboxRow, {
        id: message.id,
        organization,
        channel: message.channel,
        reference: message.reference,
        body: message.body ? keys.seal(message.body.subjects, outboxPlace(message.id), message.body.text) : null,
        createdAt: at,
        dueAt: message.dueAt ?? at,
      }),
    );
  }
}

/** Takes messages out that something else has carried out meanwhile. */
export async function settleOutbox(em: EntityManager, messages: readonly string[]): Promise<void> {
  await em.nativeDelete(OutboxRow, { id: { $in: [...messages] } });
}
