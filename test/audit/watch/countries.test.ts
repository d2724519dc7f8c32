import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { CountryFile, NO_COUNTRIES } from '../../../src/audit/watch/countries.ts';
import { InvalidConfiguration } from '../../../src/config.ts';
import { mmdb } from '../support/mmdb.ts';

const WORLD = mmdb({
  '203.0.113.0/24': { country: { iso_code: 'DE' }, continent: { code: 'EU' } },
  '198.51.100.0/25': { country_code: 'US' },
  '192.0.2.128/25': { country: { iso_code: 'the Moon' } },
  '2001:db8:1::/48': { country: { iso_code: 'JP' } },
});
const logged: string[] = [];
const logger = pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) });

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-countries-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe('a file of countries', () => {
  test.each([
    ['203.0.113.7', 'DE'],
    ['::ffff:203.0.113.7', 'DE'],
    ['198.51.100.1', 'US'],
    ['198.51.100.200', null],
    ['2001:db8:1:2::3', 'JP'],
    ['2001:db8:1:2::3%eth0', 'JP'],
    ['2001:db8:2::1', null],
    ['10.0.0.1', null],
    ['192.0.2.200', null],
    ['nonsense', null],
    ['', null],
  ])('says of %s: %s', async (address, country) => {
    const countries = await CountryFile.open(await file('world.mmdb', WORLD), logger);
    expect(countries.of(address)).toBe(country);
  });

  test.each<[string, () => Promise<string>]>([
    ['is missing', async () => join(folder, 'missing.mmdb')],
    ['is a folder', async () => folder],
    ['is empty', () => file('empty.mmdb', Buffer.of())],
    ['is something else', () => file('letter.mmdb', Buffer.from('Dear operator,\n'.repeat(100)))],
    ['has lost its end', () => file('cut.mmdb', WORLD.subarray(0, -60))],
  ])('that %s stops the start with a sentence', async (_what, path) => {
    const opened = CountryFile.open(await path(), logger);
    await expect(opened).rejects.toThrow(InvalidConfiguration);
    await expect(opened).rejects.toThrow('AUDIT_COUNTRY_FILE: must be a file in the MaxMind DB format');
  });

  test('is read anew when another one takes its place, and kept where that cannot be read', async () => {
    const path = await file('updated.mmdb', WORLD);
    const countries = await CountryFile.open(path, logger);
    await rename(await file('next.mmdb', mmdb({ '203.0.113.0/24': { country: { iso_code: 'FR' } } })), path);
    await countries.refresh();
    expect(countries.of('203.0.113.7')).toBe('FR');
    await rename(await file('broken.mmdb', Buffer.from('half a file')), path);
    await countries.refresh();
    await rm(path);
    await countries.refresh();
    expect(countries.of('203.0.113.7')).toBe('FR');
    expect(logged.filter((line) => line.includes('AUDIT_COUNTRY_FILE'))).toHaveLength(2);
  });
});

test('where no file is named, nothing is known of any country', async () => {
  await NO_COUNTRIES.refresh();
  expect(NO_COUNTRIES.of('203.0.113.7')).toBeNull();
});
