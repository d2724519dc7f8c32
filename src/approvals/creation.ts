import { addDuration, parseDuration } from '../platform/duration.ts';
import { InvalidRequest } from '../platform/errors.ts';
import type { Caller } from '../platform/http/caller.ts';
import { formatAmount, parseAmount } from '../platform/money.ts';
import type { Origin, Transaction, UnitOfWork } from '../platform/unit-of-work.ts';
import {
  approvalHierarchy,
  calendarsByName,
  currencyOf,
  demand,
  FactsReader,
  organizationById,
  type People,
  type Team,
  teamByAlias,
  teamsUpwards,
} from '../tenancy/service.ts';
import { chainFromBody, problemErrors } from './chain-intake.ts';
import { ApprovalRow } from './entities.ts';
import type { ApprovalExecution } from './execution.ts';
import { factsFor } from './facts.ts';
import { addRequest } from './new-request.ts';
import {
  type Chain,
  chainFromHierarchy,
  type Context,
  type Parties,
  type Preview,
  preview,
  type Problem,
} from './rules.ts';
import type { ChainBody, NewApprovalBody } from './schemas.ts';
import type { StoredApproval } from './store.ts';
import type { ApprovalControl } from '../../workflows/contracts/approvals.ts';

/** A request that was looked through: who it would ask, and what could never be met. */
export interface Prepared {
  readonly team: Team;
  readonly requester: string;
  readonly parties: Parties & { readonly requester: string };
  readonly chain: Chain;
  readonly ownChain: boolean;
  readonly amount: { readonly value: string; readonly currency: string } | null;
  readonly context: Context;
  readonly plan: Preview;
}

/** Turns what was asked for into a request. */
export class ApprovalCreation {
  readonly #work: UnitOfWork;
  readonly #people: People;
  readonly #execution: ApprovalExecution;

  constructor(parts: { work: UnitOfWork; people: People; execution: ApprovalExecution }) {
    this.#work = parts.work;
    this.#people = parts.people;
    this.#execution = parts.execution;
  }

  /**
   * Makes a request and opens its first stage.
   * @returns what its workflow has to know, or null where an earlier attempt made it already
   * @throws InvalidRequest where it cannot be met: nothing is approved by silence
   */
  async create(
    caller: Caller,
    origin: Origin,
    id: string,
    body: NewApprovalBody,
    repeated: boolean,
  ): Promise<ApprovalControl | null> {
    return this.#work.write(origin, async (tx) => {
      if (repeated && (await tx.em.findOne(ApprovalRow, { id }))) return null;
      const prepared = await this.prepare(tx, caller, body);
      if (prepared.plan.problems.length > 0)
        throw new InvalidRequest(problemErrors(prepared.plan.problems, prepared.ownChain));
      const stored = await this.#store(tx, caller, id, body, prepared);
      const control = await this.#execution.open(tx, stored, prepared.context);
      tx.record({
        action: 'approval.created',
        resource: { type: 'approval', id },
        team: prepared.team.id,
        onBehalfOf: prepared.requester === caller.person ? null : prepared.requester,
        detail: {
          kind: body.kind,
          stages: prepared.chain.stages.length,
          origin: prepared.chain.origin,
          state: stored.row.state,
        },
      });
      if (!control.snapshot.closed)
        tx.enqueue({
          id,
          channel: 'workflow',
          reference: { type: 'start', approval: id },
          dueAt: new Date(tx.at.getTime() + STARTED_INLINE_WITHIN_MS),
        });
      return control;
    });
  }

  /** Finds out what a request would mean, with the very code that makes one. */
  async prepare(tx: Transaction, caller: Caller, body: NewApprovalBody): Promise<Prepared> {
    const { em, at } = tx;
    const { organization } = caller;
    const team = await teamByAlias(em, organization, body.team_id, 'team_id');
    const upwards = await teamsUpwards(em, team.id);
    const path = [...upwards.map((parent) => parent.id), organization];
    const requester = await this.#requester(tx, caller, body.requester_id, path);
    const amount = normalAmount(body.amount, currencyOf(upwards));
    const { default_calendar } = (await organizationById(em, organization)).settings;
    const made = body.chain
      ? { chain: await chainFromBody(tx, this.#people, body.chain, default_calendar ?? null) }
      : await this.#hierarchyChain(tx, path, amount?.value ?? null);
    const chain = 'chain' in made ? made.chain : { stages: [], origin: 'hierarchy' as const };
    const calendars = await calendarsByName(
      em,
      organization,
      chain.stages.flatMap((stage) => stage.calendar ?? []),
    );
    const facts = await factsFor(new FactsReader(em, organization, at), { team: team.id, requester });
    const parties = { requester, creator: caller.person };
    const plan =
      'problems' in made
        ? { stages: [], problems: made.problems, approvedAtOnce: null }
        : preview(chain, facts, parties, amount?.value ?? null, at, calendars);
    return {
      team,
      requester,
      parties,
      chain,
      ownChain: body.chain !== undefined,
      amount,
      context: { at, facts, calendars },
      plan,
    };
  }

  /**
   * The chain that a changed request would have: the one that is sent, the one it has, or what the hierarchy makes of the
   * new amount.
   * @throws InvalidRequest where it could not be met
   */
  async rechain(
    tx: Transaction,
    caller: Caller,
    { row, approval }: StoredApproval,
    amount: { value: string; currency: string } | null,
    body: ChainBody | null,
  ): Promise<{ chain: Chain; amount: Prepared['amount'] }> {
    const { em, at } = tx;
    const { organization } = caller;
    const upwards = await teamsUpwards(em, row.team);
    const path = [...upwards.map((team) => team.id), organization];
    const normal = normalAmount(amount, currencyOf(upwards));
    const { default_calendar } = (await organizationById(em, organization)).settings;
    const own = body
      ? await chainFromBody(tx, this.#people, body, default_calendar ?? null)
      : row.chain.origin === 'chain'
        ? row.chain
        : null;
    const made = own ? { chain: own } : await this.#hierarchyChain(tx, path, normal?.value ?? null);
    if (!('chain' in made)) throw new InvalidRequest(problemErrors(made.problems, false));
    const calendars = await calendarsByName(
      em,
      organization,
      made.chain.stages.flatMap((stage) => stage.calendar ?? []),
    );
    const facts = await factsFor(new FactsReader(em, organization, at), row);
    const { problems } = preview(made.chain, facts, approval.parties, normal?.value ?? null, at, calendars);
    if (problems.length > 0) throw new InvalidRequest(problemErrors(problems, own !== null));
    return { chain: made.chain, amount: normal };
  }

  async #requester(tx: Transaction, caller: Caller, alias: string, path: readonly string[]): Promise<string> {
    const person = await this.#people.byAlias(tx.em, caller.organization, alias);
    demand(
      caller,
      person !== null && person.id === caller.person ? 'approvals.request' : 'approvals.request-for-others',
      path,
    );
    if (!person?.active)
      throw new InvalidRequest([{ path: 'requester_id', message: 'there is no such user in your organization' }]);
    return person.id;
  }

  async #hierarchyChain(
    tx: Transaction,
    path: readonly string[],
    amount: string | null,
  ): Promise<{ chain: Chain } | { problems: readonly Problem[] }> {
    const hierarchy = await approvalHierarchy(tx.em, path);
    return hierarchy ? chainFromHierarchy(hierarchy, amount) : { problems: [{ code: 'no-hierarchy', stage: null }] };
  }

  async #store(
    tx: Transaction,
    caller: Caller,
    id: string,
    body: NewApprovalBody,
    { team, parties, chain, amount }: Prepared,
  ): Promise<StoredApproval> {
    return addRequest(tx, this.#work.vault, {
      id,
      team: team.id,
      kind: body.kind,
      parties,
      creatorKey: caller.key,
      amount,
      chain,
      details: {
        title: body.title,
        description: body.description ?? null,
        context: body.context ?? null,
        stageNames: body.chain?.stages.map((stage) => stage.name ?? null) ?? [],
      },
      expiresAt: body.expires_in ? addDuration(tx.at, parseDuration(body.expires_in)) : null,
    });
  }
}

/** The request that made it starts the workflow itself; the relay does where that failed. */
const STARTED_INLINE_WITHIN_MS = 15_000;

/** @throws InvalidRequest where it is in another currency than the team's thresholds */
export function normalAmount(
  amount: { value: string; currency: string } | null | undefined,
  currency: string,
): { value: string; currency: string } | null {
  if (!amount) return null;
  if (amount.currency !== currency)
    throw new InvalidRequest([{ path: 'amount.currency', message: `must be ${currency}, the currency of this team` }]);
  return { value: formatAmount(parseAmount(amount.value)), currency };
}
