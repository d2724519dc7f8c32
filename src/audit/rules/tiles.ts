import type { NodeId } from './nodes.ts';

/**
 * C2SP tlog-tiles: a tile holds 256 hashes of one level, side by side, and stands for the subtree of height 8 above them.
 * Level 0 holds leaf hashes; each hash of a higher level is the root of one full tile of the level below. The tile at the
 * right edge of a level is partial, and is replaced as it grows.
 */
export const TILE_HEIGHT = 8;
export const TILE_WIDTH = 2 ** TILE_HEIGHT;

export interface TileId {
  readonly level: number;
  readonly index: number;
}

/** Where the hashes lie that a node is computed from. */
export interface TileSlice {
  readonly tile: TileId;
  /** The first of them in the tile, from 0. */
  readonly first: number;
  /** How many: a power of two. */
  readonly count: number;
}

export function tileSliceOf({ level, index }: NodeId): TileSlice {
  const count = 2 ** (level % TILE_HEIGHT);
  const position = index * count;
  return {
    tile: { level: Math.floor(level / TILE_HEIGHT), index: Math.floor(position / TILE_WIDTH) },
    first: position % TILE_WIDTH,
    count,
  };
}

/** The partial tiles of a tree, lowest first, and how many hashes each holds. Levels whose tiles are all full have none. */
export function edgeTiles(treeSize: number): (TileId & { readonly width: number })[] {
  const tiles: (TileId & { readonly width: number })[] = [];
  for (let level = 0, hashes = treeSize; hashes > 0; level += 1, hashes = Math.floor(hashes / TILE_WIDTH)) {
    const width = hashes % TILE_WIDTH;
    if (width > 0) tiles.push({ level, index: Math.floor(hashes / TILE_WIDTH), width });
  }
  return tiles;
}
