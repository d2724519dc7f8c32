import type { OrganizationFacts, Parties, PersonId } from './model.ts';

/** Whether the person asked for the approval, made the request or gets what it is about: the one rule of separation of duties. */
export function isParty(person: PersonId, parties: Parties): boolean {
  return person === parties.requester || person === parties.creator || person === parties.beneficiary;
}

/** Whether the person may decide on the request at all, absent or not. */
export function isEligible(person: PersonId, facts: OrganizationFacts, parties: Parties): boolean {
  return !isParty(person, parties) && !facts.inactive.has(person);
}
