import { randomInt } from 'node:crypto';
import { isPortFree } from '../../src/platform/embedded/ports.ts';

/** Below the ports that systems give out by themselves; Temporal keeps its ports in a column that ends at 32,767. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** So many different ports of the loopback interface, below 32,768, that are free at this moment. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await isPortFree(port)) ports.add(port);
  }
  return [...ports];
}
