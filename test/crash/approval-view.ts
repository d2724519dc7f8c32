import { z } from 'zod';

/** What the API shows of a request, as far as this test looks at it. */
export const approvalView = z.object({
  id: z.string(),
  state: z.enum(['pending', 'approved', 'rejected', 'withdrawn', 'expired', 'changes_requested']),
  title: z.string().nullable(),
  requester_id: z.string().nullable(),
  created_at: z.iso.datetime(),
  decided_at: z.iso.datetime().nullable(),
  stages: z.array(
    z.object({
      index: z.int(),
      state: z.enum(['waiting', 'open', 'approved', 'rejected', 'skipped', 'expired']),
      escalated: z.boolean(),
      required: z.int(),
      opened_at: z.iso.datetime().nullable(),
      deadline_at: z.iso.datetime().nullable(),
      approvers: z.array(z.object({ user_id: z.string().nullable() })),
      decisions: z.array(z.object({ user_id: z.string().nullable(), decision: z.string(), at: z.iso.datetime() })),
    }),
  ),
});
export type ApprovalView = z.infer<typeof approvalView>;
