import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  AUDIT_EXPORT,
  type AuditExportInput,
  auditExportWorkflowId,
} from '../../../workflows/contracts/audit-export.ts';
import type { ClaimedMessage, Delivery, OutboxHandler } from '../../notify/service.ts';
import type { TemporalConnection } from '../../platform/temporal/connection.ts';

const DEADLINE_MS = 10_000;

/** Starts the workflows of exports that were asked for; one that runs, or has ended, is left alone. */
export class ExportWorkflows implements OutboxHandler {
  readonly #temporal: TemporalConnection;
  readonly #taskQueue: string;

  constructor(temporal: TemporalConnection, taskQueue: string) {
    this.#temporal = temporal;
    this.#taskQueue = taskQueue;
  }

  async deliver({ organization, reference }: ClaimedMessage): Promise<Delivery> {
    try {
      await this.#start({ organization, export: String(reference['export']) });
      return { outcome: 'delivered' };
    } catch (error) {
      if (isGrpcServiceError(error) || error instanceof ServiceError) return { outcome: 'retry', error: 'unavailable' };
      throw error;
    }
  }

  async #start(input: AuditExportInput): Promise<void> {
    const options = {
      workflowId: auditExportWorkflowId(input.export),
      taskQueue: this.#taskQueue,
      args: [input] as [AuditExportInput],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY' as const,
    };
    try {
      await this.#temporal.within(DEADLINE_MS, () => this.#temporal.client.workflow.start(AUDIT_EXPORT, options));
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }
}
