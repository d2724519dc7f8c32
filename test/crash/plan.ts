import type { Random } from '../../bench/support/random.ts';

export type Channel = 'api' | 'link';
export type Decision = 'approve' | 'reject';

/** One person's part in a request: waits to be asked, takes their time, decides. */
export interface PlannedDecision {
  readonly stage: number;
  readonly person: string;
  readonly decision: Decision;
  readonly channel: Channel;
  readonly afterMs: number;
  /** The same person decides a second time at the same moment: the same again, or the opposite. */
  readonly rival: Decision | null;
}

export interface PlannedStage {
  readonly approvers: readonly string[];
  readonly required: number;
  /** Seconds. */
  readonly timeout: number | null;
  readonly onTimeout: 'reject' | 'approve' | 'escalate';
  readonly escalateTo: string | null;
  /** Seconds. */
  readonly reminder: number | null;
}

/** A request and what is done about it. Every plan ends by itself: by decisions, by time, or by being withdrawn. */
export interface Plan {
  readonly title: string;
  readonly requester: string;
  readonly stages: readonly PlannedStage[];
  readonly decisions: readonly PlannedDecision[];
  /** Seconds. */
  readonly expiresIn: number | null;
  /** The requester takes it back after so long. */
  readonly withdrawAfterMs: number | null;
}

export interface Cast {
  readonly requesters: readonly string[];
  readonly approvers: readonly string[];
  /** Asked where others do not answer. */
  readonly directors: readonly string[];
}

const LONGEST_HESITATION_MS = 2_500;
const LINK_SHARE = 0.35;
const RIVAL_SHARE = 0.15;
const REJECTION_SHARE = 0.12;
const REMINDER_SHARE = 0.25;

const PLAIN: Omit<PlannedStage, 'approvers' | 'required'> = {
  timeout: null,
  onTimeout: 'reject',
  escalateTo: null,
  reminder: null,
};

/** Makes up requests of every kind. */
export function makePlans(count: number, cast: Cast, random: Random): Plan[] {
  const kinds = [decided, decided, decided, decided, silent, escalated, escalated, expiring, withdrawn];
  return Array.from({ length: count }, (_, index) => {
    // The first ones are of every kind, so that a short run has them too.
    const kind = kinds[index < kinds.length ? index : random.int(0, kinds.length - 1)] ?? decided;
    return {
      title: `Request ${index + 1}`,
      requester: random.pick(cast.requesters),
      expiresIn: null,
      withdrawAfterMs: null,
      ...kind(cast, random),
    };
  });
}

type Kind = (cast: Cast, random: Random) => Pick<Plan, 'stages' | 'decisions'> & Partial<Plan>;

/** Two stages of up to three approvers each, all of whom answer. */
const decided: Kind = (cast, random) => {
  const approvers = shuffled(cast.approvers, random);
  const stages = [0, 1].map((): PlannedStage => {
    const asked = approvers.splice(0, random.int(1, 3));
    return {
      ...PLAIN,
      approvers: asked,
      required: random.int(1, asked.length),
      reminder: random.chance(REMINDER_SHARE) ? 1 : null,
    };
  });
  return {
    stages,
    decisions: stages.flatMap((stage, index) => stage.approvers.map((person) => decision(index, person, random))),
  };
};

/** Nobody answers: the first stage runs out of time, and if that approves it, the second is answered. */
const silent: Kind = (cast, random) => {
  const [first = '', second = ''] = shuffled(cast.approvers, random);
  const stages: PlannedStage[] = [
    {
      ...PLAIN,
      approvers: [first],
      required: 1,
      timeout: random.int(2, 4),
      onTimeout: random.chance(0.5) ? 'approve' : 'reject',
      reminder: 1,
    },
    { ...PLAIN, approvers: [second], required: 1 },
  ];
  return { stages, decisions: [decision(1, second, random)] };
};

/** The one who is asked says nothing, and the director is asked as well. */
const escalated: Kind = (cast, random) => {
  const director = random.pick(cast.directors);
  const stage: PlannedStage = {
    ...PLAIN,
    approvers: [random.pick(cast.approvers)],
    required: 1,
    timeout: random.int(2, 5),
    onTimeout: 'escalate',
    escalateTo: director,
  };
  return { stages: [stage], decisions: random.chance(0.75) ? [decision(0, director, random)] : [] };
};

/** It may be over before everybody has answered. */
const expiring: Kind = (cast, random) => ({ ...decided(cast, random), expiresIn: random.int(2, 5) });

const withdrawn: Kind = (cast, random) => ({ ...decided(cast, random), withdrawAfterMs: random.int(200, 3_000) });

function decision(stage: number, person: string, random: Random): PlannedDecision {
  const kind = random.chance(REJECTION_SHARE) ? 'reject' : 'approve';
  const rival = random.chance(RIVAL_SHARE)
    ? random.chance(0.5)
      ? kind
      : kind === 'approve'
        ? 'reject'
        : 'approve'
    : null;
  return {
    stage,
    person,
    decision: kind,
    channel: random.chance(LINK_SHARE) ? 'link' : 'api',
    afterMs: random.int(0, LONGEST_HESITATION_MS),
    rival,
  };
}

function shuffled(items: readonly string[], random: Random): string[] {
  return items
    .map((item) => ({ item, order: random.next() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

/** The body that asks for a planned request. */
export function requestBody(plan: Plan, team: string): object {
  return {
    team_id: team,
    kind: 'generic',
    title: plan.title,
    requester_id: plan.requester,
    ...(plan.expiresIn === null ? {} : { expires_in: `PT${plan.expiresIn}S` }),
    chain: {
      stages: plan.stages.map((stage) => ({
        approvers: stage.approvers.map((user_id) => ({ user_id })),
        required: stage.required,
        ...(stage.timeout === null ? {} : { timeout: `PT${stage.timeout}S`, on_timeout: stage.onTimeout }),
        ...(stage.escalateTo === null ? {} : { escalate_to: [{ user_id: stage.escalateTo }] }),
        ...(stage.reminder === null ? {} : { reminders: [`PT${stage.reminder}S`] }),
      })),
    },
  };
}
