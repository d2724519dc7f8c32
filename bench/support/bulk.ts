import { ApprovalCreation } from '../../src/approvals/creation.ts';
import { newApprovalSchema } from '../../src/approvals/schemas.ts';
import type { Core } from '../../src/composition.ts';
import { newId } from '../../src/platform/ids.ts';
import type { Origin } from '../../src/platform/unit-of-work.ts';
import { KeyAuthenticator } from '../../src/tenancy/authenticator.ts';
import { inParallel } from './concurrency.ts';
import { type MadeOrganization, type Requester, twoStageRequest } from './organization.ts';
import type { Random } from './random.ts';
import { openCore } from './services.ts';

/** As many as the pool of connections bears, with some to spare. */
const AT_ONCE = 16;
/** So many receipts are written together. */
const RECEIPTS_AT_ONCE = 200;

export interface WaitingApproval {
  readonly id: string;
  readonly requester: Requester;
}

export interface BulkPlan {
  readonly environment: Readonly<Record<string, string>>;
  readonly organization: MadeOrganization;
  readonly random: Random;
  readonly count: number;
  /** How many of them, the last ones, get their workflow at once. */
  readonly withWorkflow: number;
  /** Told now and then how many there are. */
  readonly onProgress: (made: number) => void;
}

/**
 * Makes waiting approvals with the product's own code in this process, rows of every table and outbox messages included,
 * but without HTTP. One that gets no workflow is noted as if it had one: its first decision starts it.
 */
export async function makeWaiting({
  environment,
  organization,
  random,
  count,
  withWorkflow,
  onProgress,
}: BulkPlan): Promise<WaitingApproval[]> {
  const core = await openCore(environment);
  try {
    const caller = await new KeyAuthenticator(core.database, core.clock).authenticate(organization.serviceKey);
    const creation = openCreation(core);
    const origin: Origin = { organization: caller.organization, actor: caller.actor, requestId: null };
    const made: WaitingApproval[] = [];
    let unwritten: string[] = [];
    const writeReceipts = async () => {
      const receipts = unwritten;
      unwritten = [];
      await core.work.bookkeep(origin, async (tx) => receipts.forEach((id) => tx.settle(id)));
    };
    await inParallel(count, AT_ONCE, async (index) => {
      const requester = random.pick(organization.requesters);
      const id = newId();
      const control = await creation.create(
        caller,
        origin,
        id,
        newApprovalSchema.parse(twoStageRequest(requester, random)),
        false,
      );
      if (control && index >= count - withWorkflow)
        await core.approvals.workflows.start(origin.organization, id, control);
      made.push({ id, requester });
      unwritten.push(id);
      if (unwritten.length >= RECEIPTS_AT_ONCE) await writeReceipts();
      if (made.length % 5_000 === 0) onProgress(made.length);
    });
    await writeReceipts();
    return made;
  } finally {
    await core.stop();
  }
}

/** The part of the service that makes requests, without the one that starts their workflows. */
function openCreation({ work, people, approvals }: Core): ApprovalCreation {
  return new ApprovalCreation({ work, people, execution: approvals.execution });
}
