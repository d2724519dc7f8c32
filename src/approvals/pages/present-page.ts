import type { InboxItemView } from '../../pages/inbox-page.ts';
import type {
  ApprovalView as PageView,
  DecisionView,
  OptionalText,
  PersonView,
  StageView,
  TimelineEntryView,
} from '../../pages/view-models.ts';
import type { PersonProfile, Profiles } from '../../tenancy/service.ts';
import type { DecisionRow } from '../entities.ts';
import { openSeat } from '../link-standing.ts';
import { defaultStageName, describeReason, outcomeReason, presentAmount } from '../present.ts';
import type { TimelineLine } from '../queries.ts';
import type { Channel, StageState } from '../rules.ts';
import type { ApprovalView } from '../view.ts';

const CHANNELS: Readonly<Record<Channel, string>> = {
  api: 'the API',
  link: 'mail link',
  page: 'inbox',
  system: 'the chain’s rule',
};

/** A request as pages show it. What was sealed and can no longer be opened is marked as erased, not left out. */
export function presentForPage(view: ApprovalView): PageView {
  const {
    stored: { row },
    details,
    profiles,
  } = view;
  return {
    id: row.id,
    title: details?.title ?? null,
    description: details ? details.description : { erased: true },
    kind: row.kind,
    state: row.state,
    revision: row.revision,
    teamName: view.team.name,
    requester: personView(profiles.of(row.requester)),
    amount: presentAmount(row),
    context: details?.context ?? null,
    createdAt: row.createdAt,
    decidedAt: row.decidedAt ?? null,
    expiresAt: row.expiresAt ?? null,
    outcomeReason: outcomeReason(view),
    stages: view.stages.map((stage) => stageView(view, stage)),
  };
}

/** @param comment opened; null where there is none, or where it was erased */
export function decisionView(row: DecisionRow, profiles: Profiles, comment: string | null): DecisionView {
  return {
    name: nameOf(profiles.of(row.person)),
    decision: row.decision,
    comment: orErased(row.comment, comment),
    at: row.at,
    channel: CHANNELS[row.channel],
    onBehalfOf: row.onBehalfOf ? profiles.nameOf(row.onBehalfOf) : null,
  };
}

/** A request as one line of a person's inbox; null where it waits for them no longer. */
export function inboxItem(view: ApprovalView, person: string): InboxItemView | null {
  const seat = openSeat(view.stored.approval, person);
  if (!seat) return null;
  const counted = view.stages.filter(({ state }) => state !== 'skipped');
  return {
    id: view.stored.row.id,
    title: view.details?.title ?? null,
    amount: presentAmount(view.stored.row),
    teamName: view.team.name,
    requester: personView(view.profiles.of(view.stored.row.requester)),
    stageName: stageName(view, seat.stage),
    stageNumber: counted.findIndex(({ index }) => index === seat.stage.index) + 1,
    stageCount: counted.length,
    deadlineAt: seat.stage.deadlineAt,
    onBehalfOf: seat.candidate.onBehalfOf && view.profiles.nameOf(seat.candidate.onBehalfOf),
  };
}

export function timelineViews({
  lines,
  profiles,
}: {
  lines: readonly TimelineLine[];
  profiles: Profiles;
}): TimelineEntryView[] {
  return lines.map(({ row, comment }) => ({
    at: row.at,
    type: row.type,
    stage: row.stage ?? null,
    name: row.person ? profiles.nameOf(row.person) : null,
    channel: isChannel(row.channel) ? CHANNELS[row.channel] : null,
    detail: comment ? `${row.detail} ${comment}` : row.detail,
  }));
}

function stageView(view: ApprovalView, stage: StageState): StageView {
  const { stored, profiles } = view;
  return {
    index: stage.index,
    name: stageName(view, stage),
    state: stage.state,
    escalated: stage.escalated,
    required: stage.required,
    openedAt: stage.openedAt,
    deadlineAt: stage.deadlineAt,
    approvers: stage.asked.map(({ person, reason }) => ({
      ...personView(profiles.of(person)),
      reason: describeReason(reason, profiles),
    })),
    decisions: stored.decisions
      .filter((decision) => decision.stage === stage.index)
      .map((decision) => decisionView(decision, profiles, view.commentOf(decision))),
  };
}

function stageName(view: ApprovalView, stage: StageState): string {
  return view.details?.stageNames[stage.index] ?? defaultStageName(stage);
}

function personView(profile: PersonProfile): PersonView {
  return { name: nameOf(profile), userId: profile.alias };
}

/** A guest is known by an address only. */
export function nameOf({ name, alias, email }: PersonProfile): string | null {
  return name ?? alias ?? email;
}

function orErased(sealed: Uint8Array | null | undefined, opened: string | null): OptionalText {
  return sealed && opened === null ? { erased: true } : opened;
}

function isChannel(channel: string | null | undefined): channel is Channel {
  return channel != null && Object.hasOwn(CHANNELS, channel);
}
