import type { ServerProcess } from '../../src/platform/embedded/process.ts';
import { answersWell, startProductProcess, untilReady } from './product-process.ts';
import type { Services } from './services.ts';

/** One API process and one worker process, as in a small production installation. */
export interface Product {
  readonly api: ServerProcess;
  readonly worker: ServerProcess;
  stop(): Promise<void>;
}

/** Resolves when requests are answered and carried out. */
export async function startProduct(
  { folder, environment, baseUrl }: Services,
  nodeOptions: readonly string[] = [],
): Promise<Product> {
  const worker = await startProductProcess({ entry: 'worker', folder, environment, nodeOptions });
  const api = await startProductProcess({ entry: 'api', folder, environment, nodeOptions });
  const stop = async () => {
    await api.stop();
    await worker.stop();
  };
  try {
    await untilReady(worker, async () => (await worker.output()).includes('worker is running'));
    await untilReady(api, () => answersWell(`${baseUrl}/readyz`));
  } catch (error) {
    await stop();
    throw error;
  }
  return { api, worker, stop };
}
