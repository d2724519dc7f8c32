import type { ClaimedMessage, DeliveryHooks } from '../notify/service.ts';
import { newId } from '../platform/ids.ts';
import type { Transaction, UnitOfWork } from '../platform/unit-of-work.ts';
import type { Announcer } from './announce.ts';
import { TimelineRow } from './entities.ts';
import { isStillAsked } from './links.ts';
import { readApproval } from './store.ts';

type Reference = ClaimedMessage['reference'];

const SAID: Readonly<Record<string, string>> = {
  ask: 'Asked by mail.',
  remind: 'Reminded by mail.',
  escalate: 'Asked by mail: escalated.',
  reassign: 'Asked by mail: reassigned.',
  outcome: 'Told the outcome by mail.',
  'changes-requested': 'Told by mail that changes are requested.',
  'decided-for-you': 'Told by mail what was decided in their place.',
  stuck: 'Told by mail that the stage cannot be met.',
  'no-deadline': 'Told by mail that the stage has no deadline.',
  unreachable: 'Told by mail that an approver cannot be reached by mail.',
};

/**
 * What becomes of mails about requests: the timeline says that the mail server took one, or never will; nobody is asked for
 * what is no longer needed; and where an approver cannot be asked by mail, those who can do something about it are told.
 */
export function mailHooks({ work, announcer }: { work: UnitOfWork; announcer: Announcer }): DeliveryHooks {
  return {
    stillWanted: async ({ organization, reference }) => {
      const link = linkIn(reference);
      return link === null || work.read(organization, (em) => isStillAsked(em, link));
    },
    onDelivered: (tx, { reference }) => note(tx, reference, SAID[String(reference['purpose'])]),
    onGivenUp: async (tx, { reference }, error) => {
      note(tx, reference, `Could not be mailed: ${error}.`);
      await tellUnreachable(tx, announcer, reference, error);
    },
  };
}

/** The link in a mail that asks somebody; null for every other mail. */
function linkIn({ kind, link }: Reference): string | null {
  return kind === 'approval' && typeof link === 'string' ? link : null;
}

async function tellUnreachable(
  tx: Transaction,
  announcer: Announcer,
  reference: Reference,
  error: string,
): Promise<void> {
  const link = linkIn(reference);
  // Somebody whom the mail tells about was erased: that has nothing to do with the approver's address.
  if (link === null || error === 'erased' || !(await isStillAsked(tx.em, link))) return;
  const stored = await readApproval(tx.em, tx.origin.organization, String(reference['approval']));
  await announcer.tellUnreachable(tx, stored, {
    person: String(reference['person']),
    stage: Number(reference['stage']),
  });
}

function note(tx: Transaction, reference: Reference, detail: string | undefined): void {
  if (reference['kind'] !== 'approval' || detail === undefined) return;
  const stage = reference['stage'];
  tx.add(TimelineRow, {
    id: newId(tx.at),
    organization: tx.origin.organization,
    approval: String(reference['approval']),
    at: tx.at,
    seq: 0,
    type: 'mailed',
    stage: typeof stage === 'number' ? stage : null,
    person: String(reference['person']),
    detail,
  });
}
