import { createServer } from 'node:net';

import { hasSystemCode } from './errors.ts';
import { readTextIfThere, writeFileDurably } from './files.ts';

const LOOPBACK = '127.0.0.1';

/** True when nothing listens on this loopback port right now. */
export async function isPortFree(port: number): Promise<boolean> {
  try {
    await listenOnce(port);
    return true;
  } catch (error) {
    if (hasSystemCode(error, 'EADDRINUSE', 'EACCES')) return false;
    throw error;
  }
}

/**
 * The port that is remembered in `file`, so that a service is found at the same place after a restart. At the first
 * start, or when somebody else has it by now, a free one is taken and remembered.
 */
export async function rememberedPort(file: string): Promise<number> {
  const remembered = Number(await readTextIfThere(file));
  if (Number.isInteger(remembered) && remembered > 0 && remembered < 65_536 && (await isPortFree(remembered)))
    return remembered;
  const port = await listenOnce(0);
  await writeFileDurably(file, `${port}\n`);
  return port;
}

/** Listens for a moment and returns the port, which for port 0 is one that the system picks. */
async function listenOnce(port: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  });
}
