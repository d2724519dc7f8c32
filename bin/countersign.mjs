#!/usr/bin/env node
// The program is TypeScript, which Node runs as it is from 24 on. Whoever calls this may have an older one: the package
// `node`, a dependency of ours, brings the right one along.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED_MAJOR = 24;
const PROGRAM = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

if (majorOf(process.versions.node) >= NEEDED_MAJOR) {
  await import('../src/cli/main.ts');
} else {
  runWith(packagedNode());
}

/** @param {string} version */
function majorOf(version) {
  return Number(version.split('.')[0]);
}

function packagedNode() {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');
  } catch {
    process.stderr.write(
      `countersign needs Node ${NEEDED_MAJOR}, and this is ${process.versions.node}. Run \`npm ci\`, which brings it along.\n`,
    );
    process.exit(1);
  }
}

/** @param {string} node */
function runWith(node) {
  const child = spawn(node, [PROGRAM, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal signals both of us, a supervisor only this one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    process.stderr.write(`${node} cannot be run (${error.message}). Run \`npm ci\` again.\n`);
    process.exit(1);
  });
  child.once('exit', (code) => process.exit(code ?? 1));
}
