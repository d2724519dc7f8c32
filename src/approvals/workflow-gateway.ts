import { setTimeout as pause } from 'node:timers/promises';
import {
  isGrpcServiceError,
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, type Workflow, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  APPROVAL_CHAIN,
  type ApprovalChainInput,
  type ApprovalControl,
  approvalWorkflowId,
  type IntentInput,
  type IntentKind,
  type IntentOutcome,
} from '../../workflows/contracts/approvals.ts';
import { Unavailable } from '../platform/errors.ts';
import type { TemporalConnection } from '../platform/temporal/connection.ts';

/** So long a request waits for its workflow. Whatever was recorded by then goes on by itself. */
const DEADLINE_MS = 10_000;
/** The Update was accepted, and the workflow ended before it answered. */
const ENDED_MEANWHILE = 'AcceptedUpdateCompletedWorkflow';
/**
 * The server gave the Update to a worker that finished its task without looking at it, as one may that is busy with local
 * activities while Updates come in. Nobody has refused anything: it is to be sent again.
 */
const NOT_PROCESSED = 'UnprocessedUpdate';
const SEND_AGAIN_AFTER_MS = 50;

/** The way from requests to the workflows that carry them. */
export class ApprovalWorkflows {
  readonly #temporal: TemporalConnection;
  readonly #taskQueue: string;

  constructor(temporal: TemporalConnection, taskQueue: string) {
    this.#temporal = temporal;
    this.#taskQueue = taskQueue;
  }

  /** @throws Unavailable where the workflow service does not answer */
  available(): Promise<void> {
    return this.#temporal.check();
  }

  /** Starts the workflow of a request; one that runs (or has ended) already is left alone. */
  async start(organization: string, approval: string, control: ApprovalControl): Promise<void> {
    await this.#reach(async () => {
      try {
        await this.#temporal.client.workflow.start(
          APPROVAL_CHAIN,
          this.#startOptions({ organization, approval, control }),
        );
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    });
  }

  /**
   * Hands an intent to the workflow and waits for what comes of it. May be repeated: the intent's id is the Update's.
   * @param recover gives what a workflow has to know, where it is found not to run although the request is open
   * @returns null where the workflow has ended: the request is closed
   */
  async carryOut(
    organization: string,
    approval: string,
    kind: IntentKind,
    input: IntentInput,
    recover: () => Promise<ApprovalControl>,
  ): Promise<IntentOutcome | null> {
    return this.#reach(async () => {
      try {
        const handle = this.#temporal.client.workflow.getHandle(approvalWorkflowId(approval));
        return await untilProcessed(() =>
          handle.executeUpdate<IntentOutcome, [IntentInput]>(kind, { args: [input], updateId: input.intent }),
        );
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) return verdictOf(error);
      }
      const control = await recover();
      return control.snapshot.closed ? null : this.#startAndCarryOut({ organization, approval, control }, kind, input);
    });
  }

  async #startAndCarryOut(
    start: ApprovalChainInput,
    kind: IntentKind,
    input: IntentInput,
  ): Promise<IntentOutcome | null> {
    const send = () => {
      const startWorkflowOperation = new WithStartWorkflowOperation(APPROVAL_CHAIN, {
        ...this.#startOptions(start),
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
      return this.#temporal.client.workflow.executeUpdateWithStart<Workflow, IntentOutcome, [IntentInput]>(kind, {
        args: [input],
        updateId: input.intent,
        startWorkflowOperation,
      });
    };
    try {
      return await untilProcessed(send);
    } catch (error) {
      return verdictOf(error);
    }
  }

  #startOptions(input: ApprovalChainInput) {
    return {
      workflowId: approvalWorkflowId(input.approval),
      taskQueue: this.#taskQueue,
      args: [input] as [ApprovalChainInput],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY' as const,
    };
  }

  /** Gives up at the deadline; RESOURCE_EXHAUSTED (too many Updates in flight) is retried by the client until then. */
  async #reach<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#temporal.within(DEADLINE_MS, work);
    } catch (error) {
      if (
        isGrpcServiceError(error) ||
        error instanceof ServiceError ||
        error instanceof WorkflowUpdateRPCTimeoutOrCancelledError
      )
        throw new Unavailable('The workflow service', { cause: error });
      throw error;
    }
  }
}

/** Sends an Update until the workflow has looked at it, or the deadline that the call is under is over. */
async function untilProcessed(send: () => Promise<IntentOutcome>): Promise<IntentOutcome> {
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (typeOfFailed(error) !== NOT_PROCESSED) throw error;
      await pause(SEND_AGAIN_AFTER_MS);
    }
  }
}

/** The type of the failure that an Update ended with; undefined where it failed otherwise. */
function typeOfFailed(error: unknown): string | null | undefined {
  return error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure
    ? error.cause.type
    : undefined;
}

/** What a refused Update says. @returns null where the workflow has ended */
function verdictOf(error: unknown): IntentOutcome | null {
  const refusal = typeOfFailed(error);
  if (refusal !== undefined)
    return refusal === ENDED_MEANWHILE ? null : { outcome: 'refused', refusal: refusal ?? 'invalid-request' };
  if (error instanceof WorkflowNotFoundError) return null;
  throw error;
}
