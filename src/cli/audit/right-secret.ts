import { type LogKeys, NoLog } from '../../audit/exports/log-keys.ts';
import { CannotDecrypt } from '../../platform/crypto/aead.ts';
import type { UnitOfWork } from '../../platform/unit-of-work.ts';
import { CommandRefused } from '../refusal.ts';

/** Where so many organizations have no key that opens, it is not the keys. */
const TRIED_AT_MOST = 100;

/**
 * Sees to it that the master secret is the one that the stored keys were wrapped with. A single key that opens shows it: others
 * that do not were damaged.
 * @throws CommandRefused where there are keys and none opens; Unavailable
 */
export async function mustBeRightSecret(
  { keys, work }: { readonly keys: LogKeys; readonly work: UnitOfWork },
  organizations: readonly string[],
): Promise<void> {
  let hasKeys = false;
  for (const organization of organizations.slice(0, TRIED_AT_MOST)) {
    const openers = [
      async () => Boolean(await keys.of(organization)),
      () =>
        work.read(organization, async (em) =>
          (await work.vault.unlock(em, organization, [organization])).has(organization),
        ),
    ];
    for (const open of openers) {
      const tried = await outcomeOf(open);
      if (tried === 'opens') return;
      hasKeys ||= tried === 'shut';
    }
  }
  if (hasKeys)
    throw new CommandRefused(
      'The master secret is not the one that this database was made with: nothing can be checked. Set COUNTERSIGN_SECRET_KEY to the right one, or restore secret.key.',
    );
}

async function outcomeOf(open: () => Promise<boolean>): Promise<'opens' | 'shut' | 'no-key'> {
  try {
    return (await open()) ? 'opens' : 'no-key';
  } catch (error) {
    if (error instanceof CannotDecrypt) return 'shut';
    if (error instanceof NoLog) return 'no-key';
    throw error;
  }
}
