import type { Candidate, Reason } from './rules.ts';

/** Everybody whom it names to show these candidates: who is asked, in whose place, and of whom the reasons speak. */
export function namedBy(candidates: readonly Candidate[]): string[] {
  return candidates.flatMap(({ person, onBehalfOf, reason }) => [
    person,
    ...(onBehalfOf ? [onBehalfOf] : []),
    ...namedIn(reason),
  ]);
}

function namedIn(reason: Reason): string[] {
  switch (reason.type) {
    case 'named':
    case 'role':
    case 'manager':
      return [];
    case 'escalation':
      return namedIn(reason.because);
    case 'reassigned':
      return [reason.from];
    case 'delegate':
      return [reason.of, ...namedIn(reason.because)];
  }
}
