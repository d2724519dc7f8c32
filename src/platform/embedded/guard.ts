/**
 * A program of its own: `node guard.ts PID START-TIME` waits for the end of its standard input, which is a pipe from
 * the process that started it, and then interrupts that one process. When our process dies, however suddenly, the
 * kernel closes the pipe.
 */
import { isRunning } from './process-identity.ts';

const [pid, startedAt] = process.argv.slice(2);
if (pid === undefined || startedAt === undefined) throw new Error('usage: guard.ts PID START-TIME');

process.stdin.resume();
process.stdin.once('end', () => {
  void interrupt({ pid: Number(pid), startedAt });
});

async function interrupt(child: { pid: number; startedAt: string }): Promise<void> {
  if (await isRunning(child)) process.kill(child.pid, 'SIGINT');
}
