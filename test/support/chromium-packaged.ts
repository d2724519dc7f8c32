import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { z } from 'zod';

import { cachedTool, platformName } from '../../src/platform/embedded/cache-dir.ts';
import { runCommand } from '../../src/platform/embedded/command.ts';
import { toolEnvironment } from '../../src/platform/embedded/environment.ts';
import type { Progress } from '../../src/platform/embedded/progress.ts';

export interface BrowserProgram {
  executablePath: string;
  environment: Record<string, string>;
}

const require = createRequire(import.meta.url);
const UNPACK_TIMEOUT_MS = 2 * 60_000;

/**
 * The Chromium of the npm package `@sparticuz/chromium` (Linux x64), with its libraries and its font, for machines
 * that have neither a browser nor a way to download one. It is unpacked into the cache once.
 * @throws {CommandFailed} where it does not run
 */
export async function packagedChromium(progress: Progress): Promise<BrowserProgram> {
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(manifestPath(), 'utf8')));
  const folder = await cachedTool(`chromium-${version}-${platformName()}`, progress, (target) =>
    unpack(target, progress),
  );
  const executablePath = join(folder, 'chromium');
  const environment = toolEnvironment({ FONTCONFIG_FILE: join(folder, 'fonts.conf') });
  return {
    executablePath,
    environment: await withLibrariesIfMissing(executablePath, environment, join(folder, 'al2023', 'lib')),
  };
}

/** The package exports no package.json: its entry lies in `build/cjs`. */
function manifestPath(): string {
  return join(dirname(require.resolve('@sparticuz/chromium')), '..', '..', 'package.json');
}

/**
 * The package unpacks into the temporary folder under fixed names and takes what it finds there, half unpacked or
 * not. A process with a temporary folder of its own avoids that. It brings its libraries only where it believes to be
 * in Amazon's cloud.
 */
async function unpack(folder: string, progress: Progress): Promise<void> {
  progress('unpacking Chromium (once)');
  const script = 'import(process.argv[1]).then((chromium) => chromium.default.executablePath())';
  await runCommand(process.execPath, ['-e', script, require.resolve('@sparticuz/chromium')], {
    timeoutMs: UNPACK_TIMEOUT_MS,
    environment: toolEnvironment({ TMPDIR: folder, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' }),
  });
  await writeFile(join(folder, 'fonts.conf'), fontConfiguration);
}

/** The system's fonts, and Open Sans from the package for machines that have none. */
const fontConfiguration = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir prefix="relative">fonts</dir>
</fontconfig>
`;

/** The system's libraries fit the system better, so the package's come in only where the program cannot be loaded. */
async function withLibrariesIfMissing(
  executable: string,
  environment: Record<string, string>,
  libraries: string,
): Promise<Record<string, string>> {
  const loads = (candidate: Record<string, string>): Promise<string> =>
    runCommand(executable, ['--version'], { timeoutMs: 20_000, environment: candidate });
  try {
    await loads(environment);
    return environment;
  } catch {
    const extended = {
      ...environment,
      LD_LIBRARY_PATH: [libraries, environment['LD_LIBRARY_PATH']].filter(Boolean).join(':'),
    };
    await loads(extended);
    return extended;
  }
}
