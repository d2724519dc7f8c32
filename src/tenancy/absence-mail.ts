import { newId } from '../platform/ids.ts';
import { mailMessage } from '../platform/mail-message.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import type { AbsenceRow } from './entities.ts';
import type { Profiles } from './people.ts';

/** Who enters an absence for somebody hands their decisions to somebody else: they are told, and by whom they are replaced. */
export function tellAbsent(tx: Transaction, { person, delegate, from, until }: AbsenceRow, profiles: Profiles): void {
  const to = profiles.of(person).email;
  if (to === null) return;
  tx.enqueue(
    mailMessage({
      id: newId(tx.at),
      to,
      subjects: [person, delegate],
      reference: { template: 'absence-entered', person },
      subject: 'An absence was entered for you',
      paragraphs: [
        'Somebody else entered an absence for you: for its time, approval requests that would ask you go to your delegate, who decides in your place.',
      ],
      facts: [
        ['From', timeText(from)],
        ['Until', timeText(until)],
        ['Delegate', profiles.nameOf(delegate)],
      ],
      footer: 'If you did not expect this, end the absence and tell your administrators.',
    }),
  );
}

/** Who ends somebody's absence has them asked again, while they may not be there. */
export function tellReturned(tx: Transaction, person: string, profiles: Profiles): void {
  const to = profiles.of(person).email;
  if (to === null) return;
  tx.enqueue(
    mailMessage({
      id: newId(tx.at),
      to,
      subjects: [person],
      reference: { template: 'absence-ended', person },
      subject: 'Your absence was ended',
      paragraphs: [
        'Somebody else ended the absence that was entered for you: approval requests ask you again, not your delegate.',
        'If you did not expect this, tell your administrators.',
      ],
    }),
  );
}

function timeText(moment: Date): string {
  return `${moment.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
