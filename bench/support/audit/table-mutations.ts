import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { leafTextHash } from '../../../src/audit/leaf.ts';
import { signCheckpoint } from '../../../src/audit/notes/checkpoint.ts';
import { formatVerifierKey, signingKey } from '../../../src/audit/notes/keys.ts';
import { appendLeaves } from '../../../src/audit/tree/tiles.ts';
import type { Random } from '../random.ts';
import type { TamperedLogs } from './table-tampering.ts';

export interface MutationScene extends TamperedLogs {
  readonly admin: Client;
  readonly random: Random;
}

export interface TableMutation {
  readonly what: string;
  readonly change: (scene: MutationScene) => Promise<void>;
}

/** In statements, $1 is the log, $2 the donor, $3 and $4 places in the logs, $5 any number, $6 the size of the log. */
const PARAMETERS =
  '$1::uuid is not null and $2::uuid is not null and $3::bigint is not null and $4::bigint is not null and $5::int is not null and $6::bigint is not null';

const ENTRY = `from countersign.audit_leaves l where l.entry_id = e.id and l.organization_id = $1 and l.leaf_index = $3`;
const OTHER_ENTRY = `countersign.audit_entries o join countersign.audit_leaves ol on ol.entry_id = o.id where ol.organization_id = $1 and ol.leaf_index = $4`;
const LEAF = 'organization_id = $1 and leaf_index = $3';
const TILE =
  'organization_id = $1 and (level, tile_index) = (select level, tile_index from countersign.audit_tiles where organization_id = $1 order by level, tile_index offset $5 % (select count(*) from countersign.audit_tiles where organization_id = $1) limit 1)';
const CHECKPOINT =
  'organization_id = $1 and tree_size = (select tree_size from countersign.audit_checkpoints where organization_id = $1 order by tree_size offset $5 % (select count(*) from countersign.audit_checkpoints where organization_id = $1) limit 1)';
const LOG = 'organization_id = $1';

const alteredByte = (column: string) =>
  `set_byte(${column}, ($4 % octet_length(${column}))::int, get_byte(${column}, ($4 % octet_length(${column}))::int) # ($5 % 255 + 1))`;
const alteredCharacter = (column: string) =>
  `overlay(${column} placing case substr(${column}, ($4 % length(${column}) + 1)::int, 1) when 'A' then 'B' else 'A' end from ($4 % length(${column}) + 1)::int for 1)`;

const ENTRIES: Readonly<Record<string, string>> = {
  'a number in an entry': `update countersign.audit_entries e set leaf = regexp_replace(e.leaf, '"n":\\d+', '"n":' || $5) ${ENTRY}`,
  'the outcome of an entry': `update countersign.audit_entries e set leaf = replace(e.leaf, '"success"', '"denied"') ${ENTRY}`,
  'the action of an entry': `update countersign.audit_entries e set leaf = replace(e.leaf, '"approval.created"', '"approval.withdraw"') ${ENTRY}`,
  'who acted': `update countersign.audit_entries e set leaf = replace(e.leaf, '"system"', '"operator"') ${ENTRY}`,
  'what an entry is about': `update countersign.audit_entries e set leaf = regexp_replace(e.leaf, '"ref":"[0-9a-f-]{36}"', format('"ref":"%s"', gen_random_uuid())) ${ENTRY}`,
  'a member added to an entry': `update countersign.audit_entries e set leaf = regexp_replace(e.leaf, '\\}$', ',"x":' || $5 || '}') ${ENTRY}`,
  'a blank in an entry': `update countersign.audit_entries e set leaf = e.leaf || ' ' ${ENTRY}`,
  'the moment of an entry': `update countersign.audit_entries e set leaf = replace(e.leaf, e.leaf::jsonb ->> 'at', moved.text), at = moved.text::timestamptz from countersign.audit_leaves l, lateral (select to_char(l.at at time zone 'UTC' - make_interval(secs => $5), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as text) moved where l.entry_id = e.id and l.organization_id = $1 and l.leaf_index = $3`,
  'an entry removed': `delete from countersign.audit_entries e using countersign.audit_leaves l where l.entry_id = e.id and l.organization_id = $1 and l.leaf_index = $3`,
  'an entry added': `insert into countersign.audit_entries (id, organization_id, at, leaf) select made, o.organization_id, o.at, replace(o.leaf, o.id::text, made::text) from (select o.*, gen_random_uuid() as made from ${OTHER_ENTRY}) o`,
  'an entry added with a sealed one’s id': `insert into countersign.audit_entries (id, organization_id, at, leaf) select o.id, o.organization_id, o.moved::timestamptz, replace(o.leaf, o.leaf::jsonb ->> 'at', o.moved) from (select o.*, to_char(o.at at time zone 'UTC' - make_interval(secs => $5), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as moved from ${OTHER_ENTRY}) o`,
  'an entry’s text taken from another': `update countersign.audit_entries e set leaf = replace(replace((select o.leaf from ${OTHER_ENTRY}), (select o.id::text from ${OTHER_ENTRY}), e.id::text), (select o.leaf::jsonb ->> 'at' from ${OTHER_ENTRY}), e.leaf::jsonb ->> 'at') ${ENTRY}`,
  'a byte of the personal fields': `update countersign.audit_entries e set sealed = ${alteredByte('e.sealed')} ${ENTRY}`,
  'the personal fields cut': `update countersign.audit_entries e set sealed = substr(e.sealed, 1, ($4 % octet_length(e.sealed))::int) ${ENTRY}`,
  'the personal fields removed': `update countersign.audit_entries e set sealed = null ${ENTRY}`,
  'the personal fields taken from another': `update countersign.audit_entries e set sealed = (select o.sealed from ${OTHER_ENTRY}) ${ENTRY}`,
  'an entry taken out of the queue': `delete from countersign.audit_pending where (organization_id, entry_id) = (select organization_id, entry_id from countersign.audit_pending where organization_id = $1 order by entry_id offset $5 % 2 limit 1)`,
  'a place in the queue without an entry': `insert into countersign.audit_pending (organization_id, at, entry_id) values ($1, now(), gen_random_uuid())`,
  'a sealed entry queued again': `insert into countersign.audit_pending (organization_id, at, entry_id) select $1, at, entry_id from countersign.audit_leaves where ${LEAF}`,
};

const TREE: Readonly<Record<string, string>> = {
  'a byte of a leaf': `update countersign.audit_leaves set leaf_hash = ${alteredByte('leaf_hash')} where ${LEAF}`,
  'a leaf cut': `update countersign.audit_leaves set leaf_hash = substr(leaf_hash, 1, ($4 % 32)::int) where ${LEAF}`,
  'a leaf removed': `delete from countersign.audit_leaves where ${LEAF}`,
  'the last leaves removed': `delete from countersign.audit_leaves where organization_id = $1 and leaf_index >= $3`,
  'a leaf added': `insert into countersign.audit_leaves (organization_id, leaf_index, entry_id, at, leaf_hash) select $1, $6::bigint + $5 % 3, gen_random_uuid(), at, leaf_hash from countersign.audit_leaves where ${LEAF}`,
  'the moment of a leaf': `update countersign.audit_leaves set at = at - make_interval(secs => $5 + 1) where ${LEAF}`,
  'the entry of a leaf': `update countersign.audit_leaves set entry_id = gen_random_uuid() where ${LEAF}`,
  'the entry of a leaf, from another log': `update countersign.audit_leaves l set entry_id = d.entry_id, at = d.at from countersign.audit_leaves d where l.organization_id = $1 and l.leaf_index = $3 and d.organization_id = $2 and d.leaf_index = $4`,
  'two leaves exchanged': `update countersign.audit_leaves l set leaf_hash = o.leaf_hash from countersign.audit_leaves o where l.organization_id = $1 and o.organization_id = $1 and (l.leaf_index, o.leaf_index) in (($3, $4), ($4, $3))`,
  'a leaf moved': `update countersign.audit_leaves set leaf_index = $6::bigint + $5 where ${LEAF}`,
  'a byte of a tile': `update countersign.audit_tiles set hashes = ${alteredByte('hashes')} where ${TILE}`,
  'a tile cut': `update countersign.audit_tiles set hashes = substr(hashes, 1, ($4 % octet_length(hashes))::int) where ${TILE}`,
  'a tile lengthened': `update countersign.audit_tiles set hashes = hashes || sha256(convert_to($5::text, 'UTF8')) where ${TILE}`,
  'a tile removed': `delete from countersign.audit_tiles where ${TILE}`,
  'a tile moved': `update countersign.audit_tiles set tile_index = tile_index + 1 + $5 % 9 where ${TILE}`,
  'a tile raised': `update countersign.audit_tiles set level = level + 2 where ${TILE}`,
  'a tile added': `insert into countersign.audit_tiles (organization_id, level, tile_index, hashes) select $1, $5 % 4, 7 + $4, sha256('x')`,
};

const SIGNED: Readonly<Record<string, string>> = {
  'a byte of a checkpoint’s root': `update countersign.audit_checkpoints set root = ${alteredByte('root')} where ${CHECKPOINT}`,
  'a character of a checkpoint': `update countersign.audit_checkpoints set note = ${alteredCharacter('note')} where ${CHECKPOINT}`,
  'a checkpoint cut': `update countersign.audit_checkpoints set note = left(note, ($4 % length(note))::int) where ${CHECKPOINT}`,
  'a checkpoint of another log': `update countersign.audit_checkpoints c set note = d.note, root = d.root from countersign.audit_checkpoints d where c.organization_id = $1 and d.organization_id = $2 and c.tree_size = d.tree_size`,
  'a checkpoint’s text, from another size': `update countersign.audit_checkpoints c set note = o.note from countersign.audit_checkpoints o where c.organization_id = $1 and o.organization_id = $1 and c.tree_size = $6 and o.tree_size < $6`,
  'the size of a checkpoint': `update countersign.audit_checkpoints set tree_size = tree_size + 1 + $5 % 9 where ${CHECKPOINT}`,
  'a checkpoint removed': `delete from countersign.audit_checkpoints where ${CHECKPOINT}`,
  'a checkpoint removed, and what the next one follows': `, gone as (delete from countersign.audit_checkpoints where organization_id = $1 and tree_size = (select min(tree_size) from countersign.audit_checkpoints where organization_id = $1) returning tree_size, previous_size) update countersign.audit_checkpoints c set previous_size = gone.previous_size from gone where c.organization_id = $1 and c.previous_size = gone.tree_size`,
  'what a checkpoint follows': `update countersign.audit_checkpoints set previous_size = previous_size + 1 + $5 % 9 where ${CHECKPOINT}`,
  'a byte of a checkpoint’s link': `update countersign.audit_checkpoints set link = ${alteredByte('link')} where ${CHECKPOINT}`,
  'the newest checkpoint removed': `delete from countersign.audit_checkpoints where organization_id = $1 and tree_size = $6`,
  'a byte of the log’s root': `update countersign.audit_logs set root = ${alteredByte('root')} where ${LOG}`,
  'the size of the log': `update countersign.audit_logs set size = $3 where ${LOG}`,
  'the size of the log, larger': `update countersign.audit_logs set size = size + 1 + $5 where ${LOG}`,
  'a character of the log’s key': `update countersign.audit_logs set verifier_key = ${alteredCharacter('verifier_key')} where ${LOG}`,
  'the log’s keys, from another log': `update countersign.audit_logs l set verifier_key = d.verifier_key, signing_key = d.signing_key from countersign.audit_logs d where l.organization_id = $1 and d.organization_id = $2`,
  'a byte of the signing key': `update countersign.audit_logs set signing_key = ${alteredByte('signing_key')} where ${LOG}`,
  'the log’s head removed': `delete from countersign.audit_logs where ${LOG}`,
};

const CHANGE =
  'organization_id = $1 and number = (select number from countersign.reservation_changes where organization_id = $1 order by number offset $5 % (select count(*) from countersign.reservation_changes where organization_id = $1) limit 1)';
const RESERVATION =
  'organization_id = $1 and id = (select id from countersign.reservations where organization_id = $1 order by id offset $5 % (select count(*) from countersign.reservations where organization_id = $1) limit 1)';
const OTHER_STATE = `state = case state when 'released' then 'expired' else 'released' end`;

const JOURNAL: Readonly<Record<string, string>> = {
  'what a change of a reservation says': `update countersign.reservation_changes set ${OTHER_STATE} where ${CHANGE}`,
  'the moment of a change of a reservation': `update countersign.reservation_changes set at = at - make_interval(secs => $5) where ${CHANGE}`,
  'the reservation of a change': `update countersign.reservation_changes set reservation_id = gen_random_uuid() where ${CHANGE}`,
  'the number of a change of a reservation': `update countersign.reservation_changes set number = number + 1000 + $5 where ${CHANGE}`,
  'a change of a reservation removed': `delete from countersign.reservation_changes where ${CHANGE}`,
  'a change of a reservation added before another': `insert into countersign.reservation_changes (organization_id, number, at, reservation_id, state) select organization_id, number - 1, at, reservation_id, state from countersign.reservation_changes where ${CHANGE}`,
  'a change of a reservation added beyond the last number': `insert into countersign.reservation_changes (organization_id, number, at, reservation_id, state) select organization_id, (select last_value from countersign.reservation_change_numbers) + $5, at, reservation_id, state from countersign.reservation_changes where ${CHANGE}`,
  'what a reservation held': `update countersign.reservations set amount = amount + $5 where ${RESERVATION}`,
  'for whom a reservation held': `update countersign.reservations set person_id = gen_random_uuid() where ${RESERVATION}`,
  'until when a reservation holds': `update countersign.reservations set expires_at = expires_at + make_interval(secs => $5) where ${RESERVATION}`,
  'what a reservation cost': `update countersign.reservations set cost = cost + $5 where ${RESERVATION} and cost is not null`,
  'what a reservation came to be': `update countersign.reservations set ${OTHER_STATE} where ${RESERVATION}`,
  'a reservation removed': `delete from countersign.reservations where ${RESERVATION}`,
  'a reservation added': `insert into countersign.reservations (id, organization_id, request, team_id, person_id, amount, currency, periods, leases, created_at, expires_at) select gen_random_uuid(), organization_id, request, team_id, person_id, amount, currency, periods, leases, created_at, expires_at from countersign.reservations where ${RESERVATION}`,
  'how far the journal is digested, set on': `update countersign.reservation_digests set digested_to = digested_to + 1000 + $5 where ${LOG}`,
  'how far the journal is digested, set back': `update countersign.reservation_digests set digested_to = digested_to - 1 - $5 % digested_to where ${LOG}`,
  'how far the journal is digested, removed': `delete from countersign.reservation_digests where ${LOG}`,
};

/** An entry is changed, and everything that follows from it but the signatures: leaf, tiles, the log's root, the checkpoints' roots. */
async function recomputed(scene: MutationScene): Promise<Map<number, Uint8Array>> {
  const { admin, organization, random, size } = scene;
  const seq = random.int(0, size - 1);
  await run(
    scene,
    random.pick([ENTRIES['a number in an entry']!, ENTRIES['the outcome of an entry']!, ENTRIES['who acted']!]),
    seq,
  );
  const { rows } = await admin.query<{ leaf: string }>(
    'select e.leaf from countersign.audit_leaves l join countersign.audit_entries e on e.id = l.entry_id where l.organization_id = $1 order by l.leaf_index',
    [organization],
  );
  const hashes = rows.map(({ leaf }) => leafTextHash(leaf));
  await admin.query(
    'update countersign.audit_leaves set leaf_hash = $3 where organization_id = $1 and leaf_index = $2',
    [organization, seq, hashes[seq]],
  );
  const { changed, root } = appendLeaves(0, [], hashes);
  for (const tile of changed)
    await admin.query(
      'update countersign.audit_tiles set hashes = $4 where organization_id = $1 and level = $2 and tile_index = $3',
      [organization, tile.level, tile.index, tile.hashes],
    );
  await admin.query('update countersign.audit_logs set root = $2 where organization_id = $1', [organization, root]);
  const signed = await admin.query<{ size: number }>(
    'select tree_size::int as size from countersign.audit_checkpoints where organization_id = $1',
    [organization],
  );
  const roots = new Map(signed.rows.map((row) => [row.size, appendLeaves(0, [], hashes.slice(0, row.size)).root]));
  for (const [at, one] of roots)
    await admin.query(
      'update countersign.audit_checkpoints set root = $3 where organization_id = $1 and tree_size = $2',
      [organization, at, one],
    );
  return roots;
}

/** … and the signatures too, by another key of the same name, whose public part takes the place of the log's. */
async function resigned(scene: MutationScene): Promise<void> {
  const { admin, organization } = scene;
  const key = signingKey(`countersign/${organization}`, randomBytes(32));
  for (const [size, root] of await recomputed(scene)) {
    await admin.query(
      'update countersign.audit_checkpoints set note = $3 where organization_id = $1 and tree_size = $2',
      [organization, size, signCheckpoint({ origin: key.name, size, root }, key)],
    );
  }
  await admin.query('update countersign.audit_logs set verifier_key = $2 where organization_id = $1', [
    organization,
    formatVerifierKey(key),
  ]);
}

function run(
  { admin, organization, donor, random, size }: MutationScene,
  sql: string,
  seq = random.int(0, size - 1),
): Promise<void> {
  // All six are named, so that each has a type whichever of them a statement uses.
  return admin
    .query(`with given as (select ${PARAMETERS}) ${sql}`, [
      organization,
      donor,
      seq,
      random.int(0, size - 1),
      random.int(1, 1_000_000),
      size,
    ])
    .then(() => undefined);
}

export const TABLE_MUTATIONS: readonly TableMutation[] = [
  ...Object.entries({ ...ENTRIES, ...TREE, ...SIGNED, ...JOURNAL }).map(([what, sql]) => ({
    what,
    change: (scene: MutationScene) => run(scene, sql),
  })),
  { what: 'an entry and all that follows from it', change: async (scene) => void (await recomputed(scene)) },
  { what: 'an entry and all that follows from it, signed by another key', change: resigned },
];
