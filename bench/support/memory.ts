import { setTimeout as pause } from 'node:timers/promises';
import { residentMegabytes } from './machine.ts';
import type { Product } from './product.ts';

/** A process that has nothing to do gives memory back after a while. */
const SETTLE_MS = 10_000;

/**
 * What waiting approvals take of the memory of API and worker, in words.
 * @param add leaves so many more approvals waiting
 */
export async function measureMemory(
  product: Pick<Product, 'api' | 'worker'>,
  waiting: number,
  add: (count: number) => Promise<void>,
): Promise<string> {
  const look = async () => {
    await pause(SETTLE_MS);
    return { api: await residentMegabytes(product.api.pid), worker: await residentMegabytes(product.worker.pid) };
  };
  const before = await look();
  await add(waiting);
  const after = await look();
  const of = (name: 'api' | 'worker') =>
    `${name} ${(((after[name] - before[name]) / waiting) * 1000).toFixed(1)} MB (${before[name].toFixed(0)} -> ${after[name].toFixed(0)})`;
  return `memory per 1,000 waiting approvals, resident, from 0 to ${waiting}: ${of('api')}, ${of('worker')}`;
}
