import type { z } from 'zod';
import { type Route, route } from '../platform/http/route.ts';
import type { Incoming } from './booking.ts';
import { unwrapCloudEvent } from './cloud-events.ts';
import { isRecord } from './event-fields.ts';
import type { UsageIntake } from './intake.ts';
import { presentRejection } from './rejection.ts';
import { usageBatchSchema, usageResultSchema } from './schemas.ts';

/** Usage events over HTTP. */
export function usageRoutes(intake: UsageIntake): Route[] {
  return [
    route({
      method: 'post',
      path: '/api/v1/usage',
      tag: 'Usage',
      scope: 'usage:write',
      summary: 'Report what was used',
      description:
        'Each event is judged on its own: those that are rejected are named, the others are booked. The same `(source, id)` counts once, also in another request.',
      body: usageBatchSchema,
      bodyMediaTypes: ['application/json', 'application/cloudevents-batch+json'],
      answers: { 200: usageResultSchema },
      async handle({ caller, origin, body, operation }) {
        const raw = Array.isArray(body) ? body : body.events;
        const incoming: Incoming[] = Array.isArray(body)
          ? body.map(unwrapCloudEvent)
          : body.events.map((event) => ({ event }));
        const { rejected, ...counts } = await intake.take(caller, origin, operation, incoming);
        const answer: z.input<typeof usageResultSchema> = {
          ...counts,
          rejected: rejected.map(({ index, rejection }) => ({
            index,
            id: idOf(raw[index]),
            problem: presentRejection(rejection),
          })),
        };
        return { status: 200, body: answer };
      },
    }),
  ];
}

/** So much of what the caller sent as helps to find the event again. */
function idOf(raw: unknown): string | null {
  return isRecord(raw) && typeof raw['id'] === 'string' ? raw['id'].slice(0, 256) : null;
}
