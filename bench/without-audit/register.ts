/**
 * `node --import register.ts src/api.ts`: the product as it is, but for the audit log. No entry is written (nor a key unlocked
 * for one, nor anybody told of it), and nothing is sealed: what the log costs is the difference.
 */
import { registerHooks } from 'node:module';

const REPLACED = new Map(
  [
    ['../../src/platform/unit-of-work.ts', './unit-of-work.ts'],
    ['../../src/audit/sealing/starter.ts', './sealing-starter.ts'],
  ].map(([original = '', replacement = '']) => [
    new URL(original, import.meta.url).href,
    new URL(replacement, import.meta.url).href,
  ]),
);

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const replacement = REPLACED.get(resolved.url);
    // The replacement itself stands on the original.
    return replacement === undefined || replacement === context.parentURL
      ? resolved
      : { ...resolved, url: replacement };
  },
});
