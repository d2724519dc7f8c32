import type { EntityManager } from '@mikro-orm/postgresql';
import type { UnlockedKeys, Vault } from '../platform/crypto/vault.ts';
import { FactsReader, type People, type Profiles, teamsById } from '../tenancy/service.ts';
import { type ApprovalDetails, openDetails, textPlace } from './details.ts';
import { factsFor } from './facts.ts';
import type { DecisionRow } from './entities.ts';
import { type StageState, stagesToShow } from './rules.ts';
import type { StoredApproval } from './store.ts';

/** A request with everything opened that may be shown of it; what belongs to somebody who was erased is null. */
export interface ApprovalView {
  readonly stored: StoredApproval;
  /** A waiting stage says who would be asked now. */
  readonly stages: readonly StageState[];
  readonly details: ApprovalDetails | null;
  readonly profiles: Profiles;
  readonly team: { readonly alias: string; readonly name: string };
  commentOf(decision: DecisionRow): string | null;
}

/** Opens stored requests for showing; everything that many of them share is read once. */
export class ApprovalViews {
  readonly #vault: Vault;
  readonly #people: People;

  constructor(vault: Vault, people: People) {
    this.#vault = vault;
    this.#people = people;
  }

  async open(em: EntityManager, organization: string, approvals: readonly StoredApproval[], at: Date): Promise<ApprovalView[]> {
    const facts = new FactsReader(em, organization, at);
    const stages = new Map<string, readonly StageState[]>();
    for (const stored of approvals) stages.set(stored.row.id, await this.#stages(stored, facts, at));
    const teams = await teamsById(em, approvals.map(({ row }) => row.team));
    const profiles = await this.#people.profiles(em, organization, approvals.flatMap((stored) => peopleIn(stored, stages.get(stored.row.id) ?? [])));
    const keys = await this.#vault.unlockFor(em, organization, approvals.flatMap(sealedIn));
    return approvals.map((stored) => ({
      stored,
      stages: stages.get(stored.row.id) ?? [],
      details: openDetails(keys, stored.row.id, stored.row.details),
      profiles,
      team: teams.get(stored.row.team) ?? { alias: '', name: '' },
      commentOf: (decision) => commentOf(keys, decision),
    }));
  }

  async #stages(stored: StoredApproval, facts: FactsReader, at: Date): Promise<readonly StageState[]> {
    const { approval } = stored;
    const asksLater = approval.state === 'pending' && approval.stages.some((stage) => stage.state === 'waiting');
    return asksLater ? stagesToShow(approval, { at, facts: await factsFor(facts, stored.row) }) : approval.stages;
  }
}

function commentOf(keys: UnlockedKeys, decision: DecisionRow): string | null {
  return keys.open(decision.comment, textPlace(decision.id));
}

function sealedIn({ row, decisions }: StoredApproval): (Uint8Array | null | undefined)[] {
  return [row.details, ...decisions.map((decision) => decision.comment)];
}

function peopleIn({ row, decisions }: StoredApproval, stages: readonly StageState[]): string[] {
  const asked = stages.flatMap((stage) => stage.asked.flatMap(({ person, onBehalfOf }) => (onBehalfOf ? [person, onBehalfOf] : [person])));
  const decided = decisions.flatMap(({ person, onBehalfOf }) => (onBehalfOf ? [person, onBehalfOf] : [person]));
  return [row.requester, ...asked, ...decided];
}
