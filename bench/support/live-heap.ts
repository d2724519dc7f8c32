/**
 * `node --expose-gc --import live-heap.ts src/worker.ts`: the product as it is, and what it keeps alive. On SIGUSR2 every thread
 * collects its garbage and tells what is left, and the main thread appends the sum to the file in `BENCH_LIVE_HEAP`. Resident
 * memory alone says little: it depends on when garbage was collected last.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

const ANSWERED_WITHIN_MS = 3_000;

/** Bytes that this thread keeps alive: objects, and what lies outside of the heap but belongs to them. */
function liveBytes(): number {
  // Twice: what the first round finds to be finalized is free after the second.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const threads = new BroadcastChannel('countersign-live-heap');
let sum = 0;
// The channel of Node's types knows no other way to listen.
// oxlint-disable-next-line unicorn/prefer-add-event-listener
threads.onmessage = ({ data }: { data: unknown }) => {
  if (isMainThread && typeof data === 'number') sum += data;
  if (!isMainThread && data === 'collect') threads.postMessage(liveBytes());
};
threads.unref();

const file = process.env.BENCH_LIVE_HEAP;
if (isMainThread && file !== undefined)
  process.on('SIGUSR2', () => {
    sum = liveBytes();
    threads.postMessage('collect');
    // Nobody knows how many threads a library has started: whoever has not answered by then does not count.
    void pause(ANSWERED_WITHIN_MS).then(() => appendFileSync(file, `${sum}\n`));
  });
