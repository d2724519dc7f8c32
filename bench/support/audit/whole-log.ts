import { Readable } from 'node:stream';
import type { Finding } from '../../../src/audit/checking/finding.ts';
import { BundleSource } from '../../../src/audit/exports/bundle-source.ts';
import { writeBundle } from '../../../src/audit/bundle/write.ts';
import { formatVerifierKey, parseVerifierKey } from '../../../src/audit/notes/keys.ts';
import { formatLogProof, openLogProof } from '../../../src/audit/notes/tlog-proof.ts';
import { AuditProofs } from '../../../src/audit/proofs.ts';
import { SealedEntries } from '../../../src/audit/sealed-entries.ts';
import { verifyBundle } from '../../../src/audit/verifier.ts';
import { Vault } from '../../../src/platform/crypto/vault.ts';
import { People } from '../../../src/tenancy/people.ts';
import { inParallel, timed } from '../concurrency.ts';
import type { Random } from '../random.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import type { LogPlace } from './log-place.ts';

/** Entries of one transaction. */
const AT_MOST = 10;
const WRITERS = 64;

export interface WrittenLog {
  readonly organization: string;
  readonly entries: number;
  readonly perSecond: number;
}

/** Has 64 writers write a log while it is sealed. */
export async function writeLog(place: LogPlace, rows: number, random: Random): Promise<WrittenLog> {
  const organization = await place.makeOrganization();
  let left = rows;
  const writing = timed(() =>
    inParallel(WRITERS, WRITERS, async () => {
      while (left > 0) {
        const entries = Math.min(left, random.int(1, AT_MOST));
        left -= entries;
        await place.write(organization, entries);
      }
    }),
  );
  const [{ ms }] = await Promise.all([writing, sealUntil(writing, place)]);
  return { organization, entries: rows, perSecond: rows / (ms / 1000) };
}

/** Seals until the writing has ended and nothing waits. */
async function sealUntil(writing: Promise<unknown>, place: LogPlace): Promise<void> {
  const writes = { ended: false };
  const end = () => void (writes.ended = true);
  writing.then(end, end);
  while (!writes.ended || (await isWaiting(place))) await place.seal();
}

export interface Alarms {
  /** Of the check of the tables. */
  readonly findings: readonly Finding[];
  readonly checkedInS: number;
  /** Of the verifier, on a bundle of the whole log. */
  readonly verdict: string;
}

/** Looks for something wrong with a log that nobody has touched. @throws Error where not all of it was looked at */
export async function checkUntouched(place: LogPlace, { organization, entries }: WrittenLog): Promise<Alarms> {
  const findings: Finding[] = [];
  const { ms, result } = await timed(() => place.check.check(organization, (finding) => findings.push(finding)));
  if (result.entries !== entries || result.waiting !== 0)
    throw new Error(`${result.entries} of ${entries} entries were checked, ${result.waiting} wait`);
  const found = await verifyWhole(place, organization);
  if (found.verdict === 'valid' && found.entries !== entries)
    throw new Error(`the bundle holds ${found.entries} of ${entries} entries`);
  return { findings, checkedInS: ms / 1000, verdict: found.verdict };
}

async function verifyWhole({ work, keys, master }: LogPlace, organization: string) {
  const key = await keys.of(organization);
  const vault = new Vault(master);
  const source = new BundleSource({
    work,
    entries: new SealedEntries({ read: async () => new Map() }),
    openers: () => ({ vault, people: new People(master, vault) }),
  });
  const parts = await source.read(organization, new Date(0), new Date(Date.now() + 60_000), {
    signal: AbortSignal.timeout(3_600_000),
  });
  return verifyBundle(Readable.from(writeBundle(parts, key)), { key: formatVerifierKey(key) });
}

export interface ProofFigures {
  readonly ms: Spread;
  readonly largestBytes: number;
}

/** Proves entries out of a stored log, one after the other, and verifies each proof. */
export async function measureProofs(
  { database }: LogPlace,
  { organization, entries }: WrittenLog,
  samples: number,
  random: Random,
): Promise<ProofFigures> {
  const proofs = new AuditProofs(database);
  const key = parseVerifierKey(await proofs.verifierKey(organization));
  const took: number[] = [];
  let largestBytes = 0;
  for (let sample = 0; sample < samples; sample += 1) {
    const seq = random.int(0, entries - 1);
    const { ms, result } = await timed(() => proofs.inclusion(organization, { seq }));
    const file = formatLogProof({ index: seq, hashes: result.hashes, checkpoint: result.checkpoint.note });
    if (openLogProof(file, result.leafHash, key).size !== entries)
      throw new Error(`entry ${seq} was proven for another size`);
    took.push(ms);
    largestBytes = Math.max(largestBytes, Buffer.byteLength(file));
  }
  return { ms: spreadOf(took), largestBytes };
}

async function isWaiting({ admin }: LogPlace): Promise<boolean> {
  return (await admin.query('select from countersign.audit_pending limit 1')).rows.length > 0;
}
