import { expect } from '@jest/globals';
import { leafTextHash } from '../../../src/audit/leaf.ts';
import { openCheckpoint } from '../../../src/audit/notes/checkpoint.ts';
import { parseVerifierKey } from '../../../src/audit/notes/keys.ts';
import { verifyConsistency } from '../../../src/audit/merkle.ts';
import { AuditProofs } from '../../../src/audit/proofs.ts';
import { Frontier } from '../../../src/audit/tree/frontier.ts';
import type { LogWorld } from './log-world.ts';

export interface CheckedLog {
  readonly size: number;
  readonly checkpoints: number;
}

/**
 * Looks at everything that a log promises: every entry is in it once, indices have no gaps, each checkpoint is signed by the
 * log's key, has the root of the leaves in their order, and is consistent with the one before.
 */
export async function checkLog(world: LogWorld, organization: string): Promise<CheckedLog> {
  const entries = await world.entries(organization);
  const leaves = await world.leaves(organization);
  const checkpoints = await world.checkpoints(organization);
  expect(leaves.map(({ index }) => index)).toEqual(leaves.map((_, position) => position));
  expect(leaves.map(({ entry }) => entry).toSorted()).toEqual(entries.map(({ id }) => id).toSorted());
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const key = parseVerifierKey(await world.verifierKey(organization));
  const roots = rootsOf(leaves.map(({ entry }) => leafTextHash(byId.get(entry)!.leaf)));
  expect(leaves.map(({ hash }) => hash.toString('hex'))).toEqual(
    leaves.map(({ entry }) => Buffer.from(leafTextHash(byId.get(entry)!.leaf)).toString('hex')),
  );
  for (const { size, root, note } of checkpoints) {
    expect({ size, root: root.toString('hex') }).toEqual({ size, root: roots[size] });
    expect(openCheckpoint(note, key)).toEqual({ origin: `countersign/${organization}`, size, root });
  }
  await checkConsistency(world, organization, checkpoints);
  expect(checkpoints.at(-1)?.size).toBe(leaves.length);
  return { size: leaves.length, checkpoints: checkpoints.length };
}

async function checkConsistency(
  world: LogWorld,
  organization: string,
  checkpoints: readonly { size: number; root: Buffer }[],
): Promise<void> {
  const proofs = new AuditProofs(world.database);
  for (const [position, second] of checkpoints.entries()) {
    const first = checkpoints[position - 1];
    if (!first) continue;
    const { hashes } = await proofs.consistency(organization, first.size, second.size);
    verifyConsistency(first.size, second.size, first.root, second.root, hashes);
  }
}

/** The root of every size, computed leaf by leaf, in hexadecimal. */
export function rootsOf(hashes: readonly Uint8Array[]): string[] {
  const tree = new Frontier();
  return [
    Buffer.from(tree.root()).toString('hex'),
    ...hashes.map((hash) => {
      tree.append(hash);
      return Buffer.from(tree.root()).toString('hex');
    }),
  ];
}
