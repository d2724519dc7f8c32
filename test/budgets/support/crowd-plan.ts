import { z } from 'zod';

const uuid = z.uuid();

/** What a process of the crowd is told: whose money it may reserve, and how long its clients stay. */
export const crowdPlanSchema = z.object({
  url: z.string(),
  clients: z.int(),
  rounds: z.int(),
  seed: z.int(),
  ttlMs: z.int(),
  world: z.object({
    organization: uuid,
    paths: z.record(uuid, z.array(uuid)),
    people: z.array(uuid),
  }),
});

export type CrowdPlan = z.infer<typeof crowdPlanSchema>;
