import { HASH_BYTES } from '../merkle.ts';
import type { NodeId } from '../rules/nodes.ts';
import { edgeTiles, TILE_WIDTH, type TileId, tileSliceOf } from '../rules/tiles.ts';
import { foldSubtrees, perfectRoot } from './hashing.ts';
import type { NodeReader } from './proofs.ts';

/** A tile and its hashes, one after the other, 32 bytes each: 256, or fewer at the right edge of its level. */
export interface Tile extends TileId {
  readonly hashes: Uint8Array;
}

/** Reads the hashes of tiles, in the order asked for. A tile may have grown since: what stood in it still does. */
export type TileReader = (tiles: readonly TileId[]) => Promise<readonly Uint8Array[]>;

/** The tiles are not those of the tree: one is missing, or holds fewer or more hashes than it must. */
export class TilesDoNotFit extends Error {
  readonly code = 'tiles-do-not-fit';
  constructor({ level, index }: TileId) {
    super(
      `tile ${index} of level ${level} does not hold the hashes of the tree: the log is damaged, restore its tiles`,
    );
  }
}

export interface Appended {
  readonly size: number;
  readonly root: Uint8Array;
  /** Every tile that is new or has grown, whole. */
  readonly changed: readonly Tile[];
}

/** Reads nodes out of tiles, each tile once. The reader throws TilesDoNotFit where a tile is too short. */
export function nodesFromTiles(readTiles: TileReader): NodeReader {
  return async (nodes) => {
    const wanted = new Map(nodes.map((node) => [keyOf(tileSliceOf(node).tile), tileSliceOf(node).tile]));
    const hashes = await readTiles([...wanted.values()]);
    const tiles = new Map([...wanted.keys()].map((key, index) => [key, hashes[index]]));
    return nodes.map((node) => nodeIn(tiles.get(keyOf(tileSliceOf(node).tile)), node));
  };
}

/**
 * Appends leaves to a tree.
 * @param size how many leaves it has
 * @param edge its partial tiles, lowest first: those of `edgeTiles(size)`
 * @throws TilesDoNotFit where the edge is not the one of a tree of this size
 */
export function appendLeaves(size: number, edge: readonly Tile[], leafHashes: readonly Uint8Array[]): Appended {
  const partial = partialTiles(size, edge);
  const changed: Tile[] = [];
  let added = leafHashes;
  for (let level = 0, before = size; added.length > 0; level += 1, before = Math.floor(before / TILE_WIDTH)) {
    const grown = grow({ level, index: Math.floor(before / TILE_WIDTH) }, partial[level], added);
    const last = grown.at(-1)!;
    partial[level] = isFull(last) ? undefined : last;
    changed.push(...grown);
    added = grown.filter(isFull).map((tile) => perfectRoot(tile.hashes));
  }
  return { size: size + leafHashes.length, root: rootOfPartial(partial), changed };
}

/**
 * The root of a tree, out of its partial tiles.
 * @throws TilesDoNotFit
 */
export function rootOfEdge(size: number, edge: readonly Tile[]): Uint8Array {
  return rootOfPartial(partialTiles(size, edge));
}

/** The tiles that one level's last tile becomes when hashes are added to it. */
function grow(first: TileId, partial: Tile | undefined, added: readonly Uint8Array[]): Tile[] {
  const hashes = Buffer.concat([...(partial ? [partial.hashes] : []), ...added]);
  const bytes = TILE_WIDTH * HASH_BYTES;
  return Array.from({ length: Math.ceil(hashes.length / bytes) }, (_, tile) => ({
    level: first.level,
    index: first.index + tile,
    hashes: hashes.subarray(tile * bytes, (tile + 1) * bytes),
  }));
}

function partialTiles(size: number, edge: readonly Tile[]): (Tile | undefined)[] {
  const byLevel: (Tile | undefined)[] = [];
  const expected = edgeTiles(size);
  const surplus = edge[expected.length];
  if (surplus) throw new TilesDoNotFit(surplus);
  for (const [position, { level, index, width }] of expected.entries()) {
    const tile = edge[position];
    if (tile?.level !== level || tile.index !== index || tile.hashes.length !== width * HASH_BYTES)
      throw new TilesDoNotFit({ level, index });
    byLevel[level] = tile;
  }
  return byLevel;
}

/** A partial tile of `width` hashes stands for one perfect subtree for each bit of the width, the largest on the left. */
function rootOfPartial(partial: readonly (Tile | undefined)[]): Uint8Array {
  return foldSubtrees(partial.toReversed().flatMap((tile) => (tile ? perfectSubtreesOf(tile.hashes) : [])));
}

function perfectSubtreesOf(hashes: Uint8Array): Uint8Array[] {
  const subtrees: Uint8Array[] = [];
  let rest = hashes;
  for (let width = TILE_WIDTH / 2; width >= 1; width /= 2) {
    if (rest.length < width * HASH_BYTES) continue;
    subtrees.push(perfectRoot(rest.subarray(0, width * HASH_BYTES)));
    rest = rest.subarray(width * HASH_BYTES);
  }
  return subtrees;
}

function nodeIn(hashes: Uint8Array | undefined, node: NodeId): Uint8Array {
  const { tile, first, count } = tileSliceOf(node);
  const slice = hashes?.subarray(first * HASH_BYTES, (first + count) * HASH_BYTES);
  if (slice?.length !== count * HASH_BYTES) throw new TilesDoNotFit(tile);
  return perfectRoot(slice);
}

function isFull(tile: Tile): boolean {
  return tile.hashes.length === TILE_WIDTH * HASH_BYTES;
}

function keyOf({ level, index }: TileId): string {
  return `${level}/${index}`;
}
