import type { ClaimedMessage } from '../notify/service.ts';
import { newId } from '../platform/ids.ts';
import type { Origin, OutboxMessage, Transaction, UnitOfWork } from '../platform/unit-of-work.ts';
import type { Announcer } from './announce.ts';
import { requestsConcerning } from './concerned.ts';
import { AskRow } from './entities.ts';
import { openSeat } from './link-standing.ts';
import { supersedeLinks } from './links.ts';
import { lockApproval } from './store.ts';

/** Sees to what a change of people means for open requests. */
export class PeopleChanges {
  readonly #work: UnitOfWork;
  readonly #announcer: Announcer;

  constructor(parts: { work: UnitOfWork; announcer: Announcer }) {
    this.#work = parts.work;
    this.#announcer = parts.announcer;
  }

  /**
   * Has each request that is concerned seen to by a message of its own, so that one that cannot be reached now holds up no
   * other. The message itself goes in the same transaction: it is not spread twice.
   */
  async spread({ id, organization, reference }: ClaimedMessage): Promise<void> {
    const person = String(reference['person']);
    await this.#work.bookkeep(systemOrigin(organization), async (tx) => {
      for (const approval of await requestsConcerning(tx.em, organization, person))
        tx.enqueue(workflowMessage(tx, { type: 'refresh', approval, intent: newId(tx.at) }));
      if (reference['addressChanged'] === 1) await moveToNewAddress(tx, person);
      tx.settle(id);
    });
  }

  /** Mails a fresh link to somebody whose older ones lie in a mailbox that is no longer theirs, where they are still asked. */
  async askAgain({ id, organization, reference }: ClaimedMessage): Promise<void> {
    const [approval, person] = [String(reference['approval']), String(reference['person'])];
    await this.#work.write(systemOrigin(organization), async (tx) => {
      tx.settle(id);
      const stored = await lockApproval(tx.em, approval);
      const seat = openSeat(stored.approval, person);
      if (!seat) return;
      await this.#announcer.askAgain(tx, stored, seat);
      tx.record({
        action: 'approval.asked_again',
        resource: { type: 'approval', id: approval },
        team: stored.row.team,
        detail: { person, stage: seat.stage.index, revision: stored.row.revision },
      });
    });
  }
}

/** Who does what follows from something that somebody else did. */
export function systemOrigin(organization: string): Origin {
  return { organization, actor: { type: 'system', id: null }, requestId: null };
}

async function moveToNewAddress(tx: Transaction, person: string): Promise<void> {
  await supersedeLinks(tx, person);
  tx.record({ action: 'person.links_superseded', resource: { type: 'person', id: person } });
  const asks = await tx.em.find(AskRow, { person, pending: true }, { fields: ['approval'] });
  for (const { approval } of asks) tx.enqueue(workflowMessage(tx, { type: 'ask-again', approval, person }));
}

function workflowMessage(tx: Transaction, reference: OutboxMessage['reference']): OutboxMessage {
  return { id: newId(tx.at), channel: 'workflow', reference };
}
