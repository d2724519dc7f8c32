import type { Progress } from '../../src/platform/embedded/progress.ts';
import { ApiClient } from './api-client.ts';
import { makeWaiting } from './bulk.ts';
import { timed } from './concurrency.ts';
import { DatabaseView } from './database-view.ts';
import { makeOrganization } from './organization.ts';
import { startProduct } from './product.ts';
import { seededRandom } from './random.ts';
import { startServices } from './services.ts';
import type { WaitingOperation, WaitingPlace } from './waiting-operations.ts';

export interface CrowdOptions {
  readonly name: string;
  /** How many approvals wait. */
  readonly size: number;
  /** How many of them have their workflow running. */
  readonly workflows: number;
  readonly seed: number;
  readonly progress: Progress;
}

/** An installation of its own in which approvals wait. */
export interface Crowd {
  readonly database: DatabaseView;
  /** @returns how long each time took, in milliseconds */
  measure(operation: WaitingOperation, times: number): Promise<number[]>;
  stop(): Promise<void>;
}

const TEAMS = 8;
/** Every mail of a large crowd goes out over SMTP before anything is measured. */
const DRAINED_WITHIN_MS = 60 * 60_000;

/** Resolves when everything waits that is to wait, all their mails are out, and the tables' statistics are up to date. */
export async function startCrowd({ name, size, workflows, seed, progress }: CrowdOptions): Promise<Crowd> {
  const say = (line: string) => progress(`[${name}] ${line}`);
  const services = await startServices({ progress: say });
  const running: (() => Promise<void>)[] = [() => services.stop()];
  const stop = async () => {
    for (const stopOne of running.splice(0).toReversed()) await stopOne();
  };
  try {
    const product = await startProduct(services);
    running.push(() => product.stop());
    const database = await DatabaseView.open(services.adminUrl);
    running.push(() => database.close());
    const api = new ApiClient(services.baseUrl, 4);
    running.push(() => api.close());
    const organization = await makeOrganization(api, services.ownerKey, TEAMS);
    const { ms, result: waiting } = await timed(() =>
      makeWaiting({
        environment: services.environment,
        organization,
        random: seededRandom(seed),
        count: size,
        withWorkflow: workflows,
        onProgress: (made) => say(`${made} made`),
      }),
    );
    say(`${size} made in ${(ms / 1000).toFixed(0)} s; delivering their mails`);
    await database.untilOutboxEmpty(DRAINED_WITHIN_MS);
    await database.rows('vacuum analyze');
    const place: WaitingPlace = {
      api,
      ownerKey: services.ownerKey,
      organization,
      random: seededRandom(seed + 1),
      nextWaiting() {
        const next = waiting.pop();
        if (!next) throw new Error('nothing waits any more: take fewer samples');
        return next;
      },
    };
    return {
      database,
      stop,
      async measure(operation, times) {
        const took: number[] = [];
        for (let index = 0; index < times; index += 1) took.push((await timed(() => operation(place))).ms);
        return took;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
