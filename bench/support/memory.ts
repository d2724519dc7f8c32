import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { residentMegabytes } from './machine.ts';
import type { Product } from './product.ts';

/** Has a process of the product tell, when asked with SIGUSR2, what it keeps alive. */
export const TELLS_ITS_HEAP: readonly string[] = [
  '--expose-gc',
  '--import',
  fileURLToPath(new URL('live-heap.ts', import.meta.url)),
];

/** A process that has nothing to do gives memory back after a while. */
const SETTLE_MS = 10_000;
const TOLD_WITHIN_MS = 30_000;
const LOOK_AGAIN_MS = 100;

interface Memory {
  readonly live: number;
  readonly resident: number;
}

type Processes = Pick<Product, 'api' | 'worker'>;

/** @returns where the process tells it */
export function heapFile(folder: string, entry: keyof Processes): string {
  return join(folder, `${entry}.live-heap`);
}

/**
 * What waiting approvals take of the memory of API and worker, in words: what is alive after garbage was collected, and what is
 * resident.
 * @param folder where the processes write, see {@link heapFile}
 * @param add leaves so many more approvals waiting
 */
export async function measureMemory(
  product: Processes,
  folder: string,
  waiting: number,
  add: (count: number) => Promise<void>,
): Promise<readonly string[]> {
  const look = async () => ({
    api: await memoryOf(product, 'api', folder),
    worker: await memoryOf(product, 'worker', folder),
  });
  const before = await look();
  await add(waiting);
  const after = await look();
  const perThousand = (from: number, to: number) =>
    `${(((to - from) / waiting) * 1000).toFixed(1)} MB (${from.toFixed(0)} -> ${to.toFixed(0)})`;
  return (['api', 'worker'] as const).map(
    (name) =>
      `memory per 1,000 waiting approvals, from 0 to ${waiting}, ${name}: alive ${perThousand(before[name].live, after[name].live)}, resident ${perThousand(before[name].resident, after[name].resident)}`,
  );
}

async function memoryOf(product: Processes, name: keyof Processes, folder: string): Promise<Memory> {
  await pause(SETTLE_MS);
  const live = await askForHeap(product[name].pid, heapFile(folder, name));
  return { live, resident: await residentMegabytes(product[name].pid) };
}

/** @returns MB */
async function askForHeap(pid: number, file: string): Promise<number> {
  const linesBefore = (await linesOf(file)).length;
  process.kill(pid, 'SIGUSR2');
  const giveUpAt = performance.now() + TOLD_WITHIN_MS;
  for (;;) {
    const lines = await linesOf(file);
    if (lines.length > linesBefore) return Number(lines.at(-1)) / 2 ** 20;
    if (performance.now() > giveUpAt) throw new Error('a process did not tell what it keeps alive');
    await pause(LOOK_AGAIN_MS);
  }
}

async function linesOf(file: string): Promise<string[]> {
  try {
    return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  } catch {
    return []; // nothing was told yet
  }
}
