import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { scratchFolder } from '../../src/platform/embedded/scratch-folder.ts';
import { startAndWait } from './support.ts';

let root: string;
beforeAll(async () => {
  root = await scratchFolder('own-place');
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('npm start ends with one sentence', () => {
  test('where DATA_DIR is a file', async () => {
    const file = join(root, 'file');
    await writeFile(file, '');
    expect(await startAndWait('main', { DATA_DIR: file, PORT: '0' })).toMatchObject({
      exitCode: 1,
      errors: `DATA_DIR: ${file} is a file. Set it to a folder that this user may write to.`,
      complaints: [],
    });
  });

  test.each([
    ['lies in a file', () => join(root, 'parent', 'data'), 'ENOTDIR'],
    ['cannot be made', () => '/proc/nope/data', 'ENOENT'],
  ])('where DATA_DIR %s', async (_case, pathOf, code) => {
    await writeFile(join(root, 'parent'), '');
    const path = pathOf();
    expect(
      await startAndWait('main', { DATA_DIR: path, PORT: '0', COUNTERSIGN_SECRET_KEY: 'a'.repeat(64) }),
    ).toMatchObject({
      exitCode: 1,
      errors: `DATA_DIR: ${path} cannot be made or written to (${code}). Set it to a folder that this user may write to.`,
      complaints: [],
    });
  });

  test('where HOST is no address of this machine, before anything is started', async () => {
    const dataDir = join(root, 'not-begun');
    expect(await startAndWait('main', { DATA_DIR: dataDir, HOST: '203.0.113.5', PORT: '18204' })).toMatchObject({
      exitCode: 1,
      errors:
        'The API cannot listen on 203.0.113.5:18204: this machine does not have that address. Set HOST to one of its own, such as 127.0.0.1 or 0.0.0.0.',
      complaints: [],
    });
    expect(await readdir(root)).not.toContain('not-begun');
  });

  test('where the port is taken, before anything is started', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const ended = await startAndWait('main', { DATA_DIR: join(root, 'not-begun-either'), PORT: String(port) });
    await new Promise((resolve) => other.close(resolve));
    expect(ended).toMatchObject({ exitCode: 1, errors: expect.stringContaining('another program may be using it') });
    expect(await readdir(root)).not.toContain('not-begun-either');
  });
});
