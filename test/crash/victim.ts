import { setTimeout as pause } from 'node:timers/promises';
import type { ServerProcess } from '../../src/platform/embedded/process.ts';

export const VICTIMS = ['api', 'worker', 'temporal', 'postgres'] as const;
export type VictimName = (typeof VICTIMS)[number];

/** A process that is killed without warning, again and again. */
export interface Victim {
  readonly name: VictimName;
  readonly pid: number;
  /** `kill -9`; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Resolves when it can be used again, as far as that can be seen from outside. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

type Running = Pick<ServerProcess, 'pid' | 'ended' | 'stop'>;

/** As soon as a supervisor of containers would start it again. */
const RESTART_AFTER_MS = 500;

/** PostgreSQL or Temporal: nothing starts it again but us. */
export class ServiceVictim implements Victim {
  readonly name: VictimName;
  readonly #launch: () => Promise<Running>;
  #running: Running | null = null;

  constructor(name: VictimName, launch: () => Promise<Running>) {
    this.name = name;
    this.#launch = launch;
  }

  get pid(): number {
    if (!this.#running) throw new Error(`${this.name} does not run`);
    return this.#running.pid;
  }

  async start(): Promise<void> {
    this.#running = await this.#launch();
  }

  async kill(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    process.kill(running.pid, 'SIGKILL');
    await running.ended;
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = null;
  }
}

/** API or worker: one that ends by itself, because what it needs is away, is started again, as every supervisor does. */
export class SupervisedVictim implements Victim {
  readonly name: VictimName;
  /** How often it has ended without having been killed or stopped. */
  endedByItself = 0;
  /** When it was killed or ended by itself, in milliseconds since 1970. */
  readonly deaths: number[] = [];
  readonly #launch: () => Promise<Running>;
  #running: Running | null = null;
  #expected = false;

  constructor(name: VictimName, launch: () => Promise<Running>) {
    this.name = name;
    this.#launch = launch;
  }

  get pid(): number {
    if (!this.#running) throw new Error(`${this.name} does not run`);
    return this.#running.pid;
  }

  async start(): Promise<void> {
    this.#expected = false;
    const running = await this.#launch();
    this.#running = running;
    void running.ended.then(() => this.#onEnd(running));
  }

  async kill(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#expected = true;
    this.deaths.push(Date.now());
    process.kill(running.pid, 'SIGKILL');
    await running.ended;
  }

  async stop(): Promise<void> {
    this.#expected = true;
    const running = this.#running;
    this.#running = null;
    await running?.stop();
  }

  async #onEnd(ended: Running): Promise<void> {
    if (this.#expected || this.#running !== ended) return;
    this.endedByItself += 1;
    this.deaths.push(Date.now());
    await pause(RESTART_AFTER_MS);
    // It may have been stopped meanwhile.
    if (!this.#expected && this.#running === ended) await this.start();
  }
}
