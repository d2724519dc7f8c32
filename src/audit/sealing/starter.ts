import type { Logger } from 'pino';
import {
  AUDIT_SEALING,
  type AuditSealingInput,
  auditSealingWorkflowId,
} from '../../../workflows/contracts/audit-sealing.ts';
import type { TemporalConnection } from '../../platform/temporal/connection.ts';

/** Temporal's state may be lost, or a workflow ended by hand: what is to run for ever is started again and again. */
const EVERY_MS = 30_000;
const DEADLINE_MS = 5_000;

/** Sees to it that every shard of the audit log has its workflow. Every worker does; the second start finds the first. */
export class SealingStarter {
  readonly #temporal: TemporalConnection;
  readonly #taskQueue: string;
  readonly #shards: number;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: { temporal: TemporalConnection; taskQueue: string; shards: number; logger: Logger }) {
    this.#temporal = parts.temporal;
    this.#taskQueue = parts.taskQueue;
    this.#shards = parts.shards;
    this.#logger = parts.logger;
  }

  start(): void {
    const round = () => {
      this.#running = this.#startAll();
    };
    round();
    this.#timer = setInterval(round, EVERY_MS);
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#running;
  }

  async #startAll(): Promise<void> {
    try {
      for (let shard = 0; shard < this.#shards; shard += 1) await this.#startOne({ shard });
    } catch (error) {
      this.#logger.warn({ err: error }, 'the sealing of the audit log could not be started; trying again');
    }
  }

  async #startOne(input: AuditSealingInput): Promise<void> {
    const workflowId = auditSealingWorkflowId(this.#taskQueue, input.shard);
    await this.#temporal.within(DEADLINE_MS, () =>
      this.#temporal.client.workflow.start(AUDIT_SEALING, {
        workflowId,
        taskQueue: this.#taskQueue,
        args: [input],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      }),
    );
  }
}
