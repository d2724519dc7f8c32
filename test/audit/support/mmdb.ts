import ipaddr from 'ipaddr.js';

type Value = string | number | { readonly [key: string]: Value };

const IPV4_STARTS_AT = 96;
const RECORD_BITS = 24;
const SEPARATOR = Buffer.alloc(16);
const MARKER = Buffer.from('abcdef4d61784d696e642e636f6d', 'hex');
const TYPES = { string: 2, uint32: 6, map: 7 };

/** A node of the search tree: what each bit leads to. */
type Node = [Node | Leaf | null, Node | Leaf | null];
interface Leaf {
  readonly data: number;
}

/**
 * Writes a file in the MaxMind DB format (https://maxmind.github.io/MaxMind-DB/, version 2.0) that holds these records.
 * @param networks such as `203.0.113.0/24`, none within another one
 */
export function mmdb(networks: Readonly<Record<string, Value>>): Buffer {
  const root: Node = [null, null];
  const records: Buffer[] = [];
  for (const [network, record] of Object.entries(networks)) {
    insert(root, bitsOf(network), { data: records.reduce((sum, { length }) => sum + length, 0) });
    records.push(encode(record));
  }
  const nodes = numbered(root);
  const tree = Buffer.concat([...nodes.keys()].map((node) => Buffer.concat(node.map((to) => pointer(to, nodes)))));
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_800_000_000,
    database_type: 'Test-Country',
    ip_version: 6,
    node_count: nodes.size,
    record_size: RECORD_BITS,
  });
  return Buffer.concat([tree, SEPARATOR, ...records, MARKER, metadata]);
}

function bitsOf(network: string): number[] {
  const [address, prefix] = ipaddr.parseCIDR(network);
  const bits = address.toByteArray().flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (byte >> bit) & 1));
  const isIpv4 = address.kind() === 'ipv4';
  return [...(isIpv4 ? Array<number>(IPV4_STARTS_AT).fill(0) : []), ...bits.slice(0, prefix)];
}

function insert(root: Node, bits: readonly number[], leaf: Leaf): void {
  let node = root;
  for (const bit of bits.slice(0, -1)) {
    const next = node[bit]!;
    if (Array.isArray(next)) {
      node = next;
      continue;
    }
    const made: Node = [null, null];
    node[bit] = made;
    node = made;
  }
  node[bits.at(-1)!] = leaf;
}

function numbered(root: Node): Map<Node, number> {
  const found = new Map<Node, number>([[root, 0]]);
  for (const node of found.keys()) for (const next of node) if (Array.isArray(next)) found.set(next, found.size);
  return found;
}

function pointer(to: Node | Leaf | null, nodes: ReadonlyMap<Node, number>): Buffer {
  const bytes = Buffer.alloc(RECORD_BITS / 8);
  const value = Array.isArray(to) ? nodes.get(to)! : nodes.size + (to ? SEPARATOR.length + to.data : 0);
  bytes.writeUIntBE(value, 0, bytes.length);
  return bytes;
}

function encode(value: Value): Buffer {
  if (typeof value === 'string')
    return Buffer.concat([control(TYPES.string, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(TYPES.uint32, 4), bytes]);
  }
  const members = Object.entries(value);
  return Buffer.concat([
    control(TYPES.map, members.length),
    ...members.flatMap(([key, member]) => [encode(key), encode(member)]),
  ]);
}

/** Up to 28, a size stands beside the type; up to 284, in the byte after it. */
function control(type: number, size: number): Buffer {
  return size < 29 ? Buffer.of((type << 5) | size) : Buffer.of((type << 5) | 29, size - 29);
}
