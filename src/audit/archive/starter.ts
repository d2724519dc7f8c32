import type { Logger } from 'pino';
import { AUDIT_ARCHIVING, auditArchivingWorkflowId } from '../../../workflows/contracts/audit-archiving.ts';
import type { TemporalConnection } from '../../platform/temporal/connection.ts';

/** Temporal's state may be lost, or the workflow ended by hand: what is to run for ever is started again and again. */
const EVERY_MS = 300_000;
const DEADLINE_MS = 5_000;

/** Sees to it that there is the one workflow that archives. Every worker does; the second start finds the first. */
export class ArchivingStarter {
  readonly #temporal: TemporalConnection;
  readonly #taskQueue: string;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: { temporal: TemporalConnection; taskQueue: string; logger: Logger }) {
    this.#temporal = parts.temporal;
    this.#taskQueue = parts.taskQueue;
    this.#logger = parts.logger;
  }

  start(): void {
    const round = () => {
      this.#running = this.#ensure();
    };
    round();
    this.#timer = setInterval(round, EVERY_MS);
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#running;
  }

  async #ensure(): Promise<void> {
    const workflowId = auditArchivingWorkflowId(this.#taskQueue);
    try {
      await this.#temporal.within(DEADLINE_MS, () =>
        this.#temporal.client.workflow.start(AUDIT_ARCHIVING, {
          workflowId,
          taskQueue: this.#taskQueue,
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        }),
      );
    } catch (error) {
      this.#logger.warn({ err: error }, 'the archiving of the audit log could not be started; trying again');
    }
  }
}
