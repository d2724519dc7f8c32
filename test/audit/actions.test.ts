import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { docsSections } from '../../src/docs-sections.ts';
import { AUDIT_ACTIONS } from '../../src/platform/audit-actions.ts';
import { textOf } from '../pages/text-of.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CATALOGUE = 'src/platform/audit-actions.ts';

function sources(): string {
  const files = ['src', 'activities'].flatMap((folder) =>
    readdirSync(`${ROOT}${folder}`, { recursive: true }).map((name) => `${folder}/${String(name)}`),
  );
  return files
    .filter((file) => file.endsWith('.ts') && file !== CATALOGUE)
    .map((file) => readFileSync(`${ROOT}${file}`, 'utf8'))
    .join('\n');
}

describe('the catalogue of actions', () => {
  test('is shown at /docs', () => {
    const section = docsSections().find(({ id }) => id === 'audit-actions');
    const text = section ? textOf(String(section.body)) : '';
    for (const [action, { meaning }] of Object.entries(AUDIT_ACTIONS)) {
      expect(text).toContain(action);
      expect(text).toContain(textOf(meaning));
    }
  });

  test('stands in docs/AUDIT.md as it is', () => {
    const document = readFileSync(`${ROOT}docs/AUDIT.md`, 'utf8');
    const listed = [...document.matchAll(/^\| `(\w+\.\w+)` \| `(\w+)` \| (.+) \|$/gm)].map(
      ([, action, resource, meaning]) => [action, resource, meaning],
    );
    expect(listed).toEqual(
      Object.entries(AUDIT_ACTIONS).map(([action, { resource, meaning }]) => [action, resource, meaning]),
    );
  });

  test('names nothing that nobody records', () => {
    const code = sources();
    // These are put together out of the kind of intent or timer; their types say that each of them is in the catalogue.
    const composed = /^approval\.(decide|withdraw|reassign|resubmit|remind|refresh|timer_\w+)$/;
    const missing = Object.keys(AUDIT_ACTIONS).filter(
      (action) => !composed.test(action) && !code.includes(`'${action}'`),
    );
    expect(missing).toEqual([]);
  });

  test('says what was done in one word after the kind of thing, and means it in one sentence', () => {
    for (const [action, { resource, meaning }] of Object.entries(AUDIT_ACTIONS)) {
      expect(action).toMatch(/^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$/);
      expect(resource).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(meaning).toMatch(/^\p{Lu}.*\.$/u);
    }
  });
});
