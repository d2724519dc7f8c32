import { Client } from 'pg';
import { tablesOf } from '../../isolation/support/catalog.ts';

/** Bytes from one place, to be searched for what must not be there. */
export interface Haystack {
  /** Such as `countersign.people`. */
  readonly place: string;
  readonly bytes: Buffer;
}

/** Every value of every table, as the superuser sees them. */
export async function databaseHaystacks(adminUrl: string): Promise<Haystack[]> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const haystacks: Haystack[] = [];
    for (const table of await tablesOf(client)) {
      const { rows } = await client.query<Record<string, unknown>>(`select * from ${table.name}`);
      haystacks.push({
        place: table.name,
        bytes: Buffer.concat(rows.flatMap((row) => Object.values(row).map(bytesOf))),
      });
    }
    return haystacks;
  } finally {
    await client.end();
  }
}

function bytesOf(value: unknown): Buffer {
  const separator = Buffer.from('\n');
  if (Buffer.isBuffer(value)) return Buffer.concat([value, separator]);
  return Buffer.concat([Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')), separator]);
}

/** Where any of the texts occurs: as it is, in other letters' case, escaped, or in base64 or hexadecimal. */
export function findTexts(haystacks: readonly Haystack[], texts: readonly string[]): string[] {
  const needles = texts.flatMap((text) => formsOf(text).map(([form, bytes]) => ({ text, form, bytes })));
  return haystacks.flatMap(({ place, bytes }) => {
    const lower = Buffer.from(bytes.toString('latin1').toLowerCase(), 'latin1');
    return needles
      .filter((needle) => lower.includes(needle.bytes))
      .map(({ text, form }) => `${place}: ${text} (${form})`);
  });
}

/** All in lower case, since that is how they are looked for. */
function formsOf(text: string): [form: string, bytes: Buffer][] {
  const bytes = Buffer.from(text);
  const forms: [string, string][] = [
    ['plain', text],
    ['JSON', JSON.stringify(text).slice(1, -1)],
    ['URL', encodeURIComponent(text)],
    ['hex', bytes.toString('hex')],
    ...[0, 1, 2].map((offset): [string, string] => ['base64', base64At(bytes, offset)]),
  ];
  return forms.map(([form, written]) => [
    form,
    Buffer.from(Buffer.from(written).toString('latin1').toLowerCase(), 'latin1'),
  ]);
}

/** The part of the base64 of a longer text that depends on this text alone, where it starts at this offset within three bytes. */
function base64At(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  return encoded.slice(Math.ceil((offset * 4) / 3), -2);
}
