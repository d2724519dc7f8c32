import type { EntityManager } from '@mikro-orm/postgresql';
import type { UnlockedKeys, Vault } from '../platform/crypto/vault.ts';
import { FactsReader, type People, type Profiles, teamsById } from '../tenancy/service.ts';
import { type ApprovalDetails, openDetails, textPlace } from './details.ts';
import { factsFor } from './facts.ts';
import { type DecisionRow, IntentRow } from './entities.ts';
import { namedBy } from './named.ts';
import { type RequestTeam, requestTeam } from './request-team.ts';
import { type StageState, stagesToShow } from './rules.ts';
import type { StoredApproval } from './store.ts';

/** A request with everything opened that may be shown of it; what belongs to somebody who was erased is null. */
export interface ApprovalView {
  readonly stored: StoredApproval;
  /** A waiting stage says who would be asked now. */
  readonly stages: readonly StageState[];
  readonly details: ApprovalDetails | null;
  readonly profiles: Profiles;
  readonly team: RequestTeam;
  readonly commentOf: (decision: DecisionRow) => string | null;
  /** What was written along with whatever ended it. */
  readonly lastWords: string | null;
}

/** Opens stored requests for showing; everything that many of them share is read once. */
export class ApprovalViews {
  readonly #vault: Vault;
  readonly #people: People;

  constructor(vault: Vault, people: People) {
    this.#vault = vault;
    this.#people = people;
  }

  async open(
    em: EntityManager,
    organization: string,
    approvals: readonly StoredApproval[],
    at: Date,
  ): Promise<ApprovalView[]> {
    const facts = new FactsReader(em, organization, at);
    const stages = new Map<string, readonly StageState[]>();
    for (const stored of approvals) stages.set(stored.row.id, await this.#stages(stored, facts, at));
    const teams = await teamsById(
      em,
      approvals.map(({ row }) => row.team),
    );
    const profiles = await this.#people.profiles(
      em,
      organization,
      approvals.flatMap((stored) => peopleIn(stored, stages.get(stored.row.id) ?? [])),
    );
    const endings = await endingsOf(em, approvals);
    const keys = await this.#vault.unlockFor(em, organization, [...approvals.flatMap(sealedIn), ...endings.values()]);
    return approvals.map((stored) => ({
      stored,
      stages: stages.get(stored.row.id) ?? [],
      details: openDetails(keys, stored.row.id, stored.row.details),
      profiles,
      team: requestTeam(stored.row, teams),
      commentOf: (decision) => commentOf(keys, decision),
      lastWords: stored.row.outcomeIntent
        ? keys.open(endings.get(stored.row.outcomeIntent), textPlace(stored.row.outcomeIntent))
        : null,
    }));
  }

  async #stages(stored: StoredApproval, facts: FactsReader, at: Date): Promise<readonly StageState[]> {
    const { approval } = stored;
    const asksLater = approval.state === 'pending' && approval.stages.some((stage) => stage.state === 'waiting');
    return asksLater ? stagesToShow(approval, { at, facts: await factsFor(facts, stored.row) }) : approval.stages;
  }
}

/** The sealed words of the intents that ended requests. */
async function endingsOf(
  em: EntityManager,
  approvals: readonly StoredApproval[],
): Promise<Map<string, Uint8Array | null | undefined>> {
  const ids = approvals.flatMap(({ row }) => row.outcomeIntent ?? []);
  if (ids.length === 0) return new Map();
  return new Map((await em.find(IntentRow, { id: { $in: ids } })).map((intent) => [intent.id, intent.text]));
}

function commentOf(keys: UnlockedKeys, decision: DecisionRow): string | null {
  return keys.open(decision.comment, textPlace(decision.id));
}

function sealedIn({ row, decisions }: StoredApproval): (Uint8Array | null | undefined)[] {
  return [row.details, ...decisions.map((decision) => decision.comment)];
}

function peopleIn({ row, decisions }: StoredApproval, stages: readonly StageState[]): string[] {
  const asked = stages.flatMap((stage) => namedBy(stage.asked));
  const decided = decisions.flatMap(({ person, onBehalfOf }) => (onBehalfOf ? [person, onBehalfOf] : [person]));
  return [row.requester, ...asked, ...decided];
}
