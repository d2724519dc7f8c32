import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { leafHash, verifyConsistency, verifyInclusion } from '../../src/audit/merkle.ts';
import { openCheckpoint } from '../../src/audit/notes/checkpoint.ts';
import { parseVerifierKey } from '../../src/audit/notes/keys.ts';
import { AuditProofs } from '../../src/audit/proofs.ts';
import { newId } from '../../src/platform/ids.ts';
import { LogWorld, type StoredCheckpoint, type StoredLeaf } from './support/log-world.ts';

/** More than a tile of level 0 holds, so that proofs reach into level 1. */
const BATCHES = [1, 2, 4, 250, 255, 88];
const SIZE = BATCHES.reduce((sum, batch) => sum + batch, 0);

let world: LogWorld;
let proofs: AuditProofs;
let organization: string;
let leaves: StoredLeaf[];
let checkpoints: StoredCheckpoint[];

beforeAll(async () => {
  world = await LogWorld.open();
  proofs = new AuditProofs(world.database);
  organization = await world.organization();
  const sealer = world.sealer();
  for (const batch of BATCHES) {
    await world.write(organization, batch);
    await sealer.seal(organization);
  }
  leaves = await world.leaves(organization);
  checkpoints = await world.checkpoints(organization);
});

afterAll(() => world?.close());

const seqs = fc.integer({ min: 0, max: SIZE - 1 });
const checkpointsOf = () => fc.constantFrom(...checkpoints);

describe('a proof of inclusion', () => {
  test('holds for every entry and every checkpoint that came after it', async () => {
    await fc.assert(
      fc.asyncProperty(seqs, checkpointsOf(), async (seq, { size, root }) => {
        fc.pre(seq < size);
        const proof = await proofs.inclusion(organization, { seq }, size);
        expect(proof).toMatchObject({ seq, entry: leaves[seq]?.entry, treeSize: size, checkpoint: { size, root } });
        verifyInclusion(
          proof.seq,
          proof.treeSize,
          leafHash(Buffer.from(proof.leaf ?? '')),
          proof.hashes,
          openCheckpoint(proof.checkpoint.note, parseVerifierKey(await proofs.verifierKey(organization))).root,
        );
      }),
    );
  });

  test('is for the latest checkpoint where no size is named, and found by the entry’s id too', async () => {
    const proof = await proofs.inclusion(organization, { entry: leaves[300]?.entry ?? '' });
    expect(proof).toMatchObject({ seq: 300, treeSize: SIZE });
    expect(await proofs.inclusion(organization, { seq: 300 })).toEqual(proof);
    expect(proof.leafHash.equals(leaves[300]!.hash)).toBe(true);
  });

  test.each([-1, SIZE, SIZE + 1, 0.5, Number.NaN, 2 ** 60])(
    'of entry %d, which there is none of, is refused',
    async (seq) => {
      await expect(proofs.inclusion(organization, { seq })).rejects.toMatchObject({
        name: 'NoSuchEntry',
        code: 'not-found',
      });
    },
  );

  test('of an entry that is not sealed yet is refused as that, until it is', async () => {
    const other = await world.organization();
    await world.write(other);
    const [entry] = await world.entries(other);
    await expect(proofs.inclusion(other, { entry: entry!.id })).rejects.toMatchObject({
      name: 'NotSealedYet',
      extension: { retryAfterSeconds: expect.any(Number) },
    });
    await expect(proofs.inclusion(other, { entry: newId() })).rejects.toMatchObject({ name: 'NoSuchEntry' });
    await expect(proofs.latestCheckpoint(other)).rejects.toMatchObject({ name: 'NoCheckpointYet' });
    await expect(proofs.verifierKey(other)).rejects.toMatchObject({ name: 'NoCheckpointYet' });
    await world.sealer().seal(other);
    expect(await proofs.inclusion(other, { entry: entry!.id })).toMatchObject({ seq: 0, treeSize: 1, hashes: [] });
  });

  test('for a size that was never checkpointed, or that the entry came after, is refused', async () => {
    for (const size of [0, 5, SIZE - 1, SIZE + 1, -1, 1.5])
      await expect(proofs.inclusion(organization, { seq: 0 }, size)).rejects.toMatchObject({
        name: 'NeverCheckpointed',
        code: 'not-found',
      });
    await expect(proofs.inclusion(organization, { seq: 7 }, 7)).rejects.toMatchObject({
      name: 'NoSuchRange',
      code: 'not-found',
    });
  });

  test('of another organization’s entry is not found, by its place or its id', async () => {
    const other = await world.organization();
    await world.write(other);
    await world.sealer().seal(other);
    await expect(proofs.inclusion(other, { entry: leaves[0]?.entry ?? '' })).rejects.toMatchObject({
      name: 'NoSuchEntry',
    });
    await expect(proofs.inclusion(other, { seq: 1 })).rejects.toMatchObject({ name: 'NoSuchEntry' });
    await expect(proofs.consistency(other, 1, 7)).rejects.toMatchObject({ name: 'NeverCheckpointed' });
  });

  test('takes no more than a few tiles, and is small', async () => {
    const { hashes, leaf, checkpoint } = await proofs.inclusion(organization, { seq: 299 });
    expect(hashes.length).toBeLessThanOrEqual(Math.ceil(Math.log2(SIZE)));
    expect(hashes.length * 44 + (leaf?.length ?? 0) + checkpoint.note.length).toBeLessThan(2_000);
  });
});

describe('a proof of consistency', () => {
  test('holds between any two checkpoints, and from nothing to each', async () => {
    for (const first of checkpoints) {
      for (const second of checkpoints.filter(({ size }) => size >= first.size)) {
        const proof = await proofs.consistency(organization, first.size, second.size);
        verifyConsistency(proof.first, proof.second, first.root, second.root, proof.hashes);
      }
      expect(await proofs.consistency(organization, 0, first.size)).toEqual({
        first: 0,
        second: first.size,
        hashes: [],
      });
    }
  });

  test.each([
    [1, 5],
    [5, SIZE],
    [SIZE, SIZE + 1],
    [-1, 7],
    [1.5, 7],
  ])('of sizes %d and %d, one of which was never checkpointed, is refused', async (first, second) => {
    await expect(proofs.consistency(organization, first, second)).rejects.toMatchObject({ name: 'NeverCheckpointed' });
  });

  test('the wrong way round is refused', async () => {
    await expect(proofs.consistency(organization, 7, 3)).rejects.toMatchObject({ name: 'NoSuchRange' });
  });
});
