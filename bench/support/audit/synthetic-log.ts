import { hash } from 'node:crypto';
import type { BundleCheckpoint, BundleEntry } from '../../../src/audit/bundle/format.ts';
import type { BundleParts } from '../../../src/audit/bundle/write.ts';
import { commitmentTo, leafText, leafTextHash, personalWith } from '../../../src/audit/leaf.ts';
import { signCheckpoint } from '../../../src/audit/notes/checkpoint.ts';
import { type SigningKey, signingKey } from '../../../src/audit/notes/keys.ts';
import { Frontier } from '../../../src/audit/tree/frontier.ts';
import { proveRange } from '../../../src/audit/tree/proofs.ts';
import { appendLeaves, nodesFromTiles } from '../../../src/audit/tree/tiles.ts';

const FROM = Date.parse('2026-01-01T00:00:00.000Z');
const ACTIONS = ['approval.created', 'approval.decide', 'billing.settings_changed', 'member.added', 'api_key.made'];

/** A log that nobody wrote: its entries follow from the seed and their place, so that no more than one of them need be held. */
export class SyntheticLog {
  readonly key: SigningKey;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.key = signingKey(`countersign/${this.#id('organization', 0)}`, this.#bytes('key', 0));
  }

  /** Every entry tells where from; every seventh one's person was erased since. */
  entry(seq: number): BundleEntry {
    const personal = personalWith(this.#bytes('salt', seq), {
      address: `203.0.113.${seq % 256}`,
      user_agent: `Mozilla/5.0 (X11; Linux x86_64) Browser/${seq % 90}.0`,
    });
    const [team, person] = [this.#id('team', seq % 50), this.#id('person', seq % 500)];
    const leaf = leafText({
      id: this.#id('entry', seq),
      at: new Date(FROM + seq * 20),
      organization: this.#id('organization', 0),
      actor: { type: 'person', ref: person, key: this.#id('api-key', seq % 500) },
      onBehalfOf: null,
      action: ACTIONS[seq % ACTIONS.length]!,
      resource: { type: 'approval', ref: this.#id('approval', seq) },
      outcome: 'success',
      team,
      requestId: this.#id('request', seq),
      detail: { version: seq, fields: ['approval_hierarchy'] },
      personal: commitmentTo(personal),
    });
    const isErased = seq % 7 === 6;
    const aliases = isErased
      ? { actor: null, team: `team-${seq % 50}` }
      : { actor: `person-${seq % 500}`, team: `team-${seq % 50}` };
    return { seq, leaf, leafHash: leafTextHash(leaf), personal: isErased ? null : personal, ids: aliases };
  }

  /**
   * What a bundle of the whole log holds.
   * @param size how many entries the log has
   * @param stride of so many sizes one was signed
   */
  whole(size: number, stride: number): BundleParts {
    return this.#parts({ start: 0, end: size }, size, { left: [], right: [] }, this.#checkpoints(size, stride));
  }

  /** What a bundle of a stretch in the middle holds. Keeps all of the log's hashes: for small ones. */
  async stretch(
    range: { readonly start: number; readonly end: number },
    size: number,
    stride: number,
  ): Promise<BundleParts> {
    const hashes = Array.from({ length: size }, (_, seq) => this.entry(seq).leafHash);
    const tiles = new Map(
      appendLeaves(0, [], hashes).changed.map((tile) => [`${tile.level}/${tile.index}`, tile.hashes]),
    );
    const reader = nodesFromTiles(async (wanted) =>
      wanted.map(({ level, index }) => tiles.get(`${level}/${index}`) ?? new Uint8Array()),
    );
    return this.#parts(range, size, await proveRange(range, size, reader), this.#checkpoints(size, stride, range));
  }

  #parts(
    range: { start: number; end: number },
    treeSize: number,
    proof: BundleParts['scope']['proof'],
    checkpoints: AsyncGenerator<BundleCheckpoint>,
  ): BundleParts {
    const [from, to] = [range.start, range.end].map((seq) => new Date(FROM + seq * 20).toISOString());
    return { scope: { from: from!, to: to!, range, treeSize, proof }, entries: this.#entries(range), checkpoints };
  }

  async *#entries({ start, end }: { start: number; end: number }): AsyncGenerator<BundleEntry> {
    for (let seq = start; seq < end; seq += 1) yield this.entry(seq);
  }

  async *#checkpoints(
    size: number,
    stride: number,
    within = { start: 0, end: size },
  ): AsyncGenerator<BundleCheckpoint> {
    const tree = new Frontier();
    while (tree.size < size) {
      tree.append(this.entry(tree.size).leafHash);
      const isSigned =
        tree.size === size || (tree.size % stride === 0 && tree.size >= within.start && tree.size <= within.end);
      if (isSigned)
        yield {
          size: tree.size,
          note: signCheckpoint({ origin: this.key.name, size: tree.size, root: tree.root() }, this.key),
        };
    }
  }

  #bytes(kind: string, index: number): Buffer {
    return hash('sha256', `${this.#seed} ${kind} ${index}`, 'buffer');
  }

  /** A UUID of version 8 (RFC 9562, 5.8). */
  #id(kind: string, index: number): string {
    const hex = this.#bytes(kind, index).toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }
}
