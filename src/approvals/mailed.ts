import type { DeliveryHooks } from '../notify/service.ts';
import { newId } from '../platform/ids.ts';
import { TimelineRow } from './entities.ts';

const SAID: Readonly<Record<string, string>> = {
  ask: 'Asked by mail.',
  remind: 'Reminded by mail.',
  escalate: 'Asked by mail: escalated.',
  reassign: 'Asked by mail: reassigned.',
  outcome: 'Told the outcome by mail.',
  'changes-requested': 'Told by mail that changes are requested.',
  'decided-for-you': 'Told by mail what was decided in their place.',
  stuck: 'Told by mail that the stage cannot be met.',
};

/** Writes into the timeline that a mail about a request was accepted by the mail server, or that it never will be. */
export const mailedHook: DeliveryHooks = {
  onDelivered: (tx, { reference }) => note(tx, reference, SAID[String(reference['purpose'])]),
  onGivenUp: (tx, { reference }, error) => note(tx, reference, `Could not be mailed: ${error}.`),
};

type Hook = NonNullable<DeliveryHooks['onDelivered']>;

function note(tx: Parameters<Hook>[0], reference: Parameters<Hook>[1]['reference'], detail: string | undefined): void {
  if (reference['kind'] !== 'approval' || detail === undefined) return;
  const stage = reference['stage'];
  tx.em.persist(tx.em.create(TimelineRow, {
    id: newId(tx.at), organization: tx.origin.organization, approval: String(reference['approval']), at: tx.at, seq: 0, type: 'mailed',
    stage: typeof stage === 'number' ? stage : null, person: String(reference['person']), detail,
  }));
}
