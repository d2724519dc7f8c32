import type { Logger } from 'pino';
import type { ApprovalControl } from '../../workflows/contracts/approvals.ts';
import { Unavailable } from '../platform/errors.ts';
import type { UnitOfWork } from '../platform/unit-of-work.ts';
import type { ApprovalWorkflows } from './workflow-gateway.ts';

/** Receipts are written together, this often at most: a transaction each would double the cost of a start. */
const GATHER_MS = 250;

/** Starts the workflows of new requests right after their commit; the outbox has them started where that fails. */
export class ApprovalStarter {
  readonly #work: UnitOfWork;
  readonly #workflows: ApprovalWorkflows;
  readonly #logger: Logger;
  readonly #started = new Map<string, string[]>();
  #timer: NodeJS.Timeout | null = null;

  constructor(work: UnitOfWork, workflows: ApprovalWorkflows, logger: Logger) {
    this.#work = work;
    this.#workflows = workflows;
    this.#logger = logger;
  }

  /** @throws Unavailable */
  available(): Promise<void> {
    return this.#workflows.available();
  }

  /** The request is accepted by now: a start that fails is the relay's to repeat, not the caller's. */
  async start(organization: string, approval: string, control: ApprovalControl): Promise<void> {
    try {
      await this.#workflows.start(organization, approval, control);
      this.#keepReceipt(organization, approval);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      this.#logger.warn({ approval }, 'a workflow could not be started at once; the outbox starts it');
    }
  }

  /** Writes what is still to be written. */
  async stop(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    await this.#writeReceipts();
  }

  #keepReceipt(organization: string, approval: string): void {
    const gathered = this.#started.get(organization) ?? [];
    gathered.push(approval);
    this.#started.set(organization, gathered);
    this.#timer ??= setTimeout(() => void this.#writeReceipts(), GATHER_MS);
  }

  /** A receipt that is lost costs one more start, which finds the workflow running. */
  async #writeReceipts(): Promise<void> {
    this.#timer = null;
    const gathered = [...this.#started];
    this.#started.clear();
    for (const [organization, approvals] of gathered) {
      try {
        await this.#work.bookkeep(
          { organization, actor: { type: 'system', id: null }, requestId: null },
          async (tx) => {
            for (const approval of approvals) tx.settle(approval);
          },
        );
      } catch (error) {
        this.#logger.warn({ err: error }, 'receipts of started workflows could not be written');
      }
    }
  }
}
