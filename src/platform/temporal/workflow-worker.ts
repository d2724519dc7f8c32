import { fileURLToPath } from 'node:url';
import {
  type BundlerPlugin,
  bundleWorkflowCode,
  type Logger as TemporalLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerPlugin,
  type WorkflowBundleOption,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import { dataConverter, type TemporalSecurity } from './connection.ts';
import { notAnswering, WorkflowServiceUnavailable } from './required.ts';

const WORKFLOWS = fileURLToPath(new URL('../../../workflows/index.ts', import.meta.url));

export interface WorkerOptions {
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly security?: TemporalSecurity;
  readonly payloadKey: Uint8Array;
  readonly activities: object;
  readonly bundle: WorkflowBundleOption;
  readonly plugins?: WorkerPlugin[];
}

/** Bundles the workflows once; every worker of a process takes the same bundle. */
export function bundleWorkflows(logger: Logger, plugins: BundlerPlugin[]): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: temporalLogger(logger), plugins });
}

/** Sends the SDK's own log into ours. Once per process, before anything else of the SDK is used. */
export function installRuntime(logger: Logger): void {
  Runtime.install({ logger: temporalLogger(logger), shutdownSignals: [] });
}

async function connect({ address, security }: WorkerOptions): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect({ address, ...security });
  } catch (error) {
    throw new WorkflowServiceUnavailable(notAnswering(address), { cause: error });
  }
}

/** Carries out workflows and their activities until it is stopped. */
export class WorkflowWorker {
  readonly #connection: NativeConnection;
  readonly #worker: Worker;
  readonly #running: Promise<void>;

  private constructor(connection: NativeConnection, worker: Worker) {
    this.#connection = connection;
    this.#worker = worker;
    this.#running = worker.run();
  }

  static async start(options: WorkerOptions): Promise<WorkflowWorker> {
    const connection = await connect(options);
    const worker = await Worker.create({
      connection,
      namespace: options.namespace,
      taskQueue: options.taskQueue,
      workflowBundle: options.bundle,
      activities: options.activities,
      dataConverter: dataConverter(options.payloadKey),
      shutdownGraceTime: '10 seconds',
      ...(options.plugins ? { plugins: options.plugins } : {}),
    });
    return new WorkflowWorker(connection, worker);
  }

  /** Rejects when the worker cannot go on; resolves when it was stopped. */
  get ended(): Promise<void> {
    return this.#running;
  }

  /** @throws Error where it does not poll for work */
  async check(): Promise<void> {
    const state = this.#worker.getState();
    if (state !== 'RUNNING') throw new Error(`the worker is ${state.toLowerCase()}`);
  }

  /** Ends what is under way, then lets go of the server. */
  async stop(): Promise<void> {
    if (this.#worker.getState() === 'RUNNING') this.#worker.shutdown();
    await this.#running.catch(() => undefined);
    await this.#connection.close();
  }
}

function temporalLogger(logger: Logger): TemporalLogger {
  const child = logger.child({ component: 'temporal' });
  // What the SDK tells as information (a worker polls, a worker stops) is detail to us.
  const log: TemporalLogger['log'] = (level, message, meta) =>
    child[level === 'INFO' ? 'debug' : PINO_LEVEL[level]]({ ...meta }, message);
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}

const PINO_LEVEL = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
