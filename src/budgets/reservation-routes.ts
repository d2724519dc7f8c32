import type { z } from 'zod';
import { parseDuration } from '../platform/duration.ts';
import type { ProblemCode } from '../platform/errors.ts';
import { type Route, route } from '../platform/http/route.ts';
import { amountText } from './budget-service.ts';
import type { SettlementEvent } from './ports.ts';
import type { ReservationService, Wanted } from './reservation-service.ts';
import {
  newReservationSchema,
  releasedSchema,
  reservationParams,
  reservationSchema,
  settledSchema,
  settleSchema,
} from './schemas.ts';

const TAG = 'Reservations';
const NOT_FOUND: readonly ProblemCode[] = ['not-found'];

/** Reservations over HTTP. */
export function reservationRoutes(reservations: ReservationService): Route[] {
  return [
    route({
      method: 'post',
      path: '/api/v1/reservations',
      tag: TAG,
      scope: 'reservations:write',
      summary: 'Hold money for a call',
      description:
        'On every budget the call counts in, or on none. What is neither settled nor released is free again within 30 s of `expires_at`.',
      body: newReservationSchema,
      answers: { 201: reservationSchema },
      problems: [...NOT_FOUND, 'budget-exceeded', 'budget-suspended'],
      async handle({ caller, body, operation }) {
        const id = body.id ?? operation.id;
        const { team_id: team, user_id: user, provider, model, ttl } = body;
        const held = await reservations.reserve(caller, {
          id,
          spender: { team, user, provider: provider ?? null, model: model ?? null },
          wanted: wantedOf(body),
          ttl: parseDuration(ttl),
        });
        return {
          status: 201,
          body: {
            id,
            amount: { value: amountText(held.amount), currency: held.currency },
            expires_at: held.expiresAt.toISOString(),
          },
        };
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/reservations/{id}/settle',
      tag: TAG,
      scope: 'reservations:write',
      summary: 'Book what a reserved call cost',
      description:
        'Whatever was held, and however late. A second settle with the same event tells the first one’s answer.',
      params: reservationParams,
      body: settleSchema,
      answers: { 200: settledSchema },
      problems: NOT_FOUND,
      async handle({ caller, origin, params, body }) {
        const { cost, currency, late, aboveHold } = await reservations.settle(
          caller,
          origin,
          params.id,
          body.event as SettlementEvent,
        );
        return {
          status: 200,
          body: {
            id: params.id,
            state: 'settled',
            cost: { value: amountText(cost), currency },
            late,
            above_hold: aboveHold,
          },
        };
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/reservations/{id}/release',
      tag: TAG,
      scope: 'reservations:write',
      summary: 'Give a hold back',
      description: 'What was settled or has run out before stays so; `state` says which.',
      params: reservationParams,
      answers: { 200: releasedSchema },
      problems: NOT_FOUND,
      handle: async ({ caller, params }) => ({
        status: 200,
        body: { id: params.id, state: await reservations.release(caller, params.id) },
      }),
    }),
  ];
}

function wantedOf({
  amount,
  max_input_tokens: inputTokens,
  max_output_tokens: outputTokens,
}: z.output<typeof newReservationSchema>): Wanted {
  return amount ? { amount } : { inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0 };
}
