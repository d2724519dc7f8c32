import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EMPTY_ROOT } from '../../../src/audit/merkle.ts';
import { coverage } from '../../../src/audit/rules/nodes.ts';
import { edgeTiles, tileSliceOf, type TileId } from '../../../src/audit/rules/tiles.ts';
import { proveConsistency, proveInclusion, rootOf } from '../../../src/audit/tree/proofs.ts';
import { appendLeaves, nodesFromTiles, rootOfEdge, type Tile } from '../../../src/audit/tree/tiles.ts';
import { numberedLeaves, ReferenceTree } from './reference.ts';

const SIZE = 1_200;
const tree = new ReferenceTree(numberedLeaves(SIZE));
const doNotFit = expect.objectContaining({ code: 'tiles-do-not-fit' });

/** A log that keeps its tiles as the product's table does: by level and index, the last one replaced as it grows. */
class TileTable {
  size = 0;
  root: Uint8Array = EMPTY_ROOT;
  readonly tiles = new Map<string, Tile>();

  append(leaves: readonly Uint8Array[]): readonly Tile[] {
    const { size, root, changed } = appendLeaves(this.size, this.edge(), leaves);
    for (const tile of changed) this.tiles.set(`${tile.level}/${tile.index}`, tile);
    this.size = size;
    this.root = root;
    return changed;
  }

  edge(): Tile[] {
    return edgeTiles(this.size).map(({ level, index }) => this.tiles.get(`${level}/${index}`)!);
  }

  read = async (ids: readonly TileId[]): Promise<Uint8Array[]> =>
    ids.map(({ level, index }) => this.tiles.get(`${level}/${index}`)?.hashes ?? Buffer.alloc(0));
}

function tableOf(size: number): TileTable {
  const table = new TileTable();
  table.append(leafHashes(0, size));
  return table;
}

describe('the coordinates of C2SP tlog-tiles', () => {
  test('a tree of 70,000 ends in the tiles that the specification names', () => {
    expect(edgeTiles(70_000)).toEqual([
      { level: 0, index: 273, width: 112 },
      { level: 1, index: 1, width: 17 },
      { level: 2, index: 0, width: 1 },
    ]);
    expect(edgeTiles(256)).toEqual([{ level: 1, index: 0, width: 1 }]);
    expect(edgeTiles(0)).toEqual([]);
  });

  test('a node is computed from a part of one tile', () => {
    expect(tileSliceOf({ level: 0, index: 300 })).toEqual({ tile: { level: 0, index: 1 }, first: 44, count: 1 });
    expect(tileSliceOf({ level: 7, index: 3 })).toEqual({ tile: { level: 0, index: 1 }, first: 128, count: 128 });
    expect(tileSliceOf({ level: 8, index: 3 })).toEqual({ tile: { level: 1, index: 0 }, first: 3, count: 1 });
    expect(tileSliceOf({ level: 41, index: 2 ** 10 + 1 })).toEqual({
      tile: { level: 5, index: 8 },
      first: 2,
      count: 2,
    });
  });
});

describe('appendLeaves', () => {
  test('however the leaves are dealt out, root, edge and tiles are those of the tree', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { maxLength: 6 }), (batches) => {
        const table = new TileTable();
        for (const batch of batches) {
          table.append(leafHashes(table.size, Math.min(table.size + batch, SIZE)));
          expect(table.root).toEqual(tree.root(table.size));
          expect(rootOfEdge(table.size, table.edge())).toEqual(table.root);
        }
        expect([...table.tiles.values()].toSorted(byPlace)).toEqual(
          [...tableOf(table.size).tiles.values()].toSorted(byPlace),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('says which tiles changed, and only those', () => {
    const table = tableOf(250);
    expect(
      table.append(leafHashes(250, 255)).map(({ level, index, hashes }) => [level, index, hashes.length / 32]),
    ).toEqual([[0, 0, 255]]);
    expect(
      table.append(leafHashes(255, 257)).map(({ level, index, hashes }) => [level, index, hashes.length / 32]),
    ).toEqual([
      [0, 0, 256],
      [0, 1, 1],
      [1, 0, 1],
    ]);
    expect(table.append([])).toEqual([]);
    expect(table.root).toEqual(tree.root(257));
  });

  test('refuses an edge that is not the one of the tree', () => {
    const table = tableOf(600);
    const [low, high] = table.edge() as [Tile, Tile];
    const wrong: Tile[][] = [
      [],
      [low],
      [high, low],
      [low, high, high],
      [{ ...low, index: 0 }, high],
      [{ ...low, hashes: low.hashes.subarray(32) }, high],
      [low, { ...high, level: 2 }],
    ];
    for (const edge of wrong) {
      expect(() => appendLeaves(600, edge, [tree.leafHash(0)])).toThrow(doNotFit);
      expect(() => rootOfEdge(600, edge)).toThrow(doNotFit);
    }
  });
});

describe('nodesFromTiles', () => {
  const table = tableOf(SIZE);

  test('every root and proof can be had from the tiles, of every earlier size too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: SIZE }), fc.nat(), async (size, pick) => {
        const read = nodesFromTiles(table.read);
        expect(await rootOf(size, read)).toEqual(tree.root(size));
        expect(await proveInclusion(pick % size, size, read)).toEqual(tree.path(pick % size, size));
        expect(await proveConsistency(1 + (pick % size), size, read)).toEqual(tree.proof(1 + (pick % size), size));
      }),
    );
  });

  test('reads no tile twice', async () => {
    const seen: string[] = [];
    const read = nodesFromTiles(async (ids) => {
      seen.push(...ids.map(({ level, index }) => `${level}/${index}`));
      return table.read(ids);
    });
    await read(coverage({ start: 1, end: SIZE }));
    expect(seen.length).toBeGreaterThan(2);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('says so where a tile is missing or too short', async () => {
    const read = nodesFromTiles(tableOf(300).read);
    await expect(read([{ level: 0, index: 300 }])).rejects.toThrow(doNotFit);
    await expect(read([{ level: 5, index: 9 }])).rejects.toThrow(doNotFit);
    await expect(read([{ level: 16, index: 0 }])).rejects.toThrow(doNotFit);
  });
});

function leafHashes(start: number, end: number): Buffer[] {
  return Array.from({ length: end - start }, (_, index) => tree.leafHash(start + index));
}

function byPlace(a: Tile, b: Tile): number {
  return a.level - b.level || a.index - b.index;
}
