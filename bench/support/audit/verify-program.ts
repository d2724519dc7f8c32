/**
 * A program of its own, `node verify-program.ts BUNDLE KEY`: verifies a bundle with the auditor's file and nothing else, and
 * prints how long that took and what memory it needed.
 */
import { readFileSync } from 'node:fs';
import { verifyBundle } from '../../../src/audit/verifier.ts';

const [bundle, key] = process.argv.slice(2);
if (bundle === undefined || key === undefined) throw new Error('usage: verify-program.ts BUNDLE KEY');

/** The most that was resident at any moment. getrusage(2) would tell of the process that started this one too. */
const peakMegabytes = () =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? Number.NaN) / 1024;

const idle = peakMegabytes();
const began = performance.now();
const verdict = await verifyBundle(bundle, { key });
const seconds = (performance.now() - began) / 1000;
process.stdout.write(JSON.stringify({ ...verdict, seconds, idleMegabytes: idle, peakMegabytes: peakMegabytes() }));
