import type { EntityManager } from '@mikro-orm/postgresql';
import type { Clock } from '../platform/clock.ts';
import { ProblemError } from '../platform/errors.ts';
import type { UnitOfWork } from '../platform/unit-of-work.ts';
import { organizationById, type People, type Profiles } from '../tenancy/service.ts';
import { textPlace } from './details.ts';
import { DecisionRow, LinkRow } from './entities.ts';
import { linkStanding, type LinkStanding, type LinkTraces } from './link-standing.ts';
import { findLink, type LinkTarget } from './links.ts';
import { isDecisionRecorded } from './recorded-decision.ts';
import type { CodeState, StepUp } from './step-up.ts';
import { readApproval, type StoredApproval } from './store.ts';
import type { ApprovalView, ApprovalViews } from './view.ts';

/** All that stands behind a link at one moment. */
export interface LinkVisit {
  readonly organization: { readonly id: string; readonly name: string };
  readonly link: LinkRow;
  readonly view: ApprovalView;
  readonly standing: LinkStanding;
  /** What was decided through this link or, where nothing was, what its person decided elsewhere. */
  readonly decision: { readonly row: DecisionRow; readonly comment: string | null } | null;
  /** The link's person, and whoever the decision names. */
  readonly profiles: Profiles;
  /** null where no code is needed. */
  readonly code: CodeState | null;
  readonly at: Date;
}

/** Finds out what a mailed link stands for. Looking changes nothing, however often and by whatever scanner. */
export class LinkService {
  readonly #work: UnitOfWork;
  readonly #views: ApprovalViews;
  readonly #people: People;
  readonly #stepUp: StepUp;
  readonly #clock: Clock;

  constructor(parts: { work: UnitOfWork; views: ApprovalViews; people: People; stepUp: StepUp; clock: Clock }) {
    this.#work = parts.work;
    this.#views = parts.views;
    this.#people = parts.people;
    this.#stepUp = parts.stepUp;
    this.#clock = parts.clock;
  }

  /** @throws ProblemError `not-found` where there never was such a link, or its person was erased */
  async visit(token: string): Promise<LinkVisit> {
    const target = await this.#work.database.read(null, (em) => findLink(em, token));
    if (!target) throw noSuchLink();
    return this.#work.read(target.organization, (em) => this.#look(em, target));
  }

  async #look(em: EntityManager, target: LinkTarget): Promise<LinkVisit> {
    const at = this.#clock.now();
    const link = await em.findOneOrFail(LinkRow, { id: target.link });
    const stored = await readApproval(em, target.organization, link.approval);
    const [view] = await this.#views.open(em, target.organization, [stored], at);
    const traces = await readTraces(em, link);
    const { name, settings } = await organizationById(em, target.organization);
    const decision = traces.decision ?? decisionOf(stored, link.person);
    const profiles = await this.#people.profiles(em, target.organization, [
      link.person,
      ...(decision?.onBehalfOf ? [decision.onBehalfOf] : []),
    ]);
    // A mail that was kept somewhere must not decide in the name of somebody whom nobody can name any more.
    if (profiles.of(link.person).email === null) throw noSuchLink();
    return {
      organization: { id: target.organization, name },
      link,
      view: view!,
      standing: linkStanding(link, stored.approval, stored.row.decidedAt ?? null, traces),
      decision: decision && { row: decision, comment: await this.#commentOf(em, target.organization, decision) },
      profiles,
      code: await this.#stepUp.stateOf(em, settings, stored.row, { person: link.person, door: link.id }, at),
      at,
    };
  }

  /** Opened here: a view opens the decisions that count, and one that came late does not. */
  async #commentOf(em: EntityManager, organization: string, decision: DecisionRow): Promise<string | null> {
    const keys = await this.#work.vault.unlockFor(em, organization, [decision.comment]);
    return keys.open(decision.comment, textPlace(decision.id));
  }
}

function noSuchLink(): ProblemError {
  return new ProblemError('not-found', 'There is no such link.');
}

/** What is decided through a link is recorded under the link's own id: a repetition finds the first. */
async function readTraces(
  em: EntityManager,
  { id, approval, person }: LinkRow,
): Promise<LinkTraces & { decision: DecisionRow | null }> {
  return {
    isRecorded: await isDecisionRecorded(em, approval, person),
    decision: await em.findOne(DecisionRow, { id }),
  };
}

function decisionOf({ decisions }: StoredApproval, person: string): DecisionRow | null {
  return decisions.find((decision) => decision.person === person) ?? null;
}
