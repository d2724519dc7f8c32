import type { TileId } from '../rules/tiles.ts';
import { TILE_WIDTH } from '../rules/tiles.ts';
import { Frontier } from '../tree/frontier.ts';
import { appendLeaves, type Tile } from '../tree/tiles.ts';
import { HASH_BYTES } from '../merkle.ts';
import type { Report } from './finding.ts';

/** Reads tiles by `level/index`. */
export type StoredTiles = (tiles: readonly TileId[]) => Promise<ReadonlyMap<string, Buffer>>;

/** The tree, computed again out of the leaves in their order, and what is stored of it compared with that. */
export class TreeCheck {
  readonly #frontier = new Frontier();
  readonly #report: Report;
  readonly #stored: StoredTiles;
  #edge: readonly Tile[] = [];

  constructor(stored: StoredTiles, report: Report) {
    this.#stored = stored;
    this.#report = report;
  }

  get size(): number {
    return this.#frontier.size;
  }

  root(): Uint8Array {
    return this.#frontier.root();
  }

  /**
   * Adds leaves, and compares the tiles that they fill.
   * @param onSize called after each of them: the tree has that size then
   */
  async append(hashes: readonly Uint8Array[], onSize: (size: number) => void): Promise<void> {
    const { changed } = appendLeaves(this.size, this.#edge, hashes);
    for (const hash of hashes) {
      this.#frontier.append(hash);
      onSize(this.size);
    }
    const isFull = ({ hashes: all }: Tile) => all.length === TILE_WIDTH * HASH_BYTES;
    const kept = this.#edge.filter(({ level }) => !changed.some((tile) => tile.level === level));
    this.#edge = [...kept, ...changed.filter((tile) => !isFull(tile))].toSorted((a, b) => a.level - b.level);
    await this.#compare(changed.filter(isFull));
  }

  /** Compares the tiles at the edge. The log may have grown since: theirs may be longer. */
  async compareEdge(): Promise<void> {
    await this.#compare(this.#edge);
  }

  async #compare(tiles: readonly Tile[]): Promise<void> {
    if (tiles.length === 0) return;
    const stored = await this.#stored(tiles);
    for (const { level, index, hashes } of tiles) {
      const found = stored.get(`${level}/${index}`);
      if (!found) this.#report({ seq: null, what: `tile ${index} of level ${level} is missing` });
      else if (!found.subarray(0, hashes.length).equals(hashes))
        this.#report({ seq: null, what: `tile ${index} of level ${level} does not hold the hashes of the tree` });
      else if (found.length % HASH_BYTES !== 0 || found.length > TILE_WIDTH * HASH_BYTES)
        this.#report({ seq: null, what: `tile ${index} of level ${level} holds more than hashes` });
    }
  }
}
