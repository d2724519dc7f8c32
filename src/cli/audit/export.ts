import { open, rename, rm } from 'node:fs/promises';
import { DEFAULT_ORGANIZATION } from '../../bootstrap.ts';
import { archiveAt } from '../../audit/archive/archived-entries.ts';
import { BundleSource } from '../../audit/exports/bundle-source.ts';
import { finalCode } from '../../audit/exports/export-making.ts';
import { type WrittenBundle, writeInPieces } from '../../audit/exports/export-file.ts';
import { cutAtPresent, type ExportRange } from '../../audit/exports/export-range.ts';
import { LogKeys, NoLog } from '../../audit/exports/log-keys.ts';
import { SealedEntries } from '../../audit/sealed-entries.ts';
import { SigningKeys } from '../../audit/sealing/signing-keys.ts';
import type { Config } from '../../config.ts';
import { MasterKey } from '../../platform/crypto/master-key.ts';
import { BareDatabase } from '../../platform/database/bare.ts';
import { isUuid } from '../../platform/ids.ts';
import { masterSecret } from '../../platform/secret.ts';
import { People } from '../../tenancy/service.ts';
import { type Application, withApplication } from '../application.ts';
import { OPERATOR } from '../operator.ts';
import { say } from '../output.ts';
import { CommandRefused } from '../refusal.ts';
import { cannotWrite } from './files.ts';

export interface ExportOptions {
  readonly from: string;
  readonly to: string;
  readonly out: string;
  readonly organization?: string;
}

/** A worker that runs seals what is written within seconds. */
const SEALED_WITHIN_MS = 60_000;

/**
 * Writes a bundle to a file, without API or worker; the log tells of it.
 * @throws CommandRefused
 */
export async function exportToFile(config: Config, options: ExportOptions): Promise<void> {
  const { organization = DEFAULT_ORGANIZATION, out } = options;
  if (!isUuid(organization)) throw new CommandRefused(`“${organization}” is no id of an organization; it is a UUID.`);
  const range = cutAtPresent({ from: moment(options.from, '--from'), to: moment(options.to, '--to') }, new Date());
  if (range.from >= range.to) throw new CommandRefused('--from must be earlier than --to, and than now.');
  const { entries, bytes } = await withApplication(config, (application) =>
    carryOut(application, config, organization, range, out),
  );
  say(
    `Wrote ${entries} entries (${bytes} bytes) to ${out}. \`npx countersign audit verify ${out} --key <public key>\` checks them.`,
  );
}

async function carryOut(
  application: Application,
  config: Config,
  organization: string,
  { from, to }: ExportRange,
  out: string,
): Promise<WrittenBundle> {
  const { work, sealerDatabase } = application;
  const master = new MasterKey(masterSecret(config.secretKey, config.dataDir));
  // This process has just begun: its vault remembers nothing.
  const openers = () => ({ vault: work.vault, people: new People(master, work.vault) });
  const source = new BundleSource({ work, entries: new SealedEntries(archiveAt(config.auditArchiveDir)), openers });
  const key = await keyOf(new LogKeys(new BareDatabase(sealerDatabase), new SigningKeys(master)), organization);
  return written(out, async (put) => {
    await work.write({ organization, actor: OPERATOR, requestId: null }, async (tx) =>
      tx.record({
        action: 'audit.exported',
        resource: { type: 'organization', id: organization },
        detail: { from: from.toISOString(), to: to.toISOString() },
      }),
    );
    const reading = { signal: new AbortController().signal, whileWaiting: patience() };
    return writeInPieces(await source.read(organization, from, to, reading), key, put);
  }).catch((error: unknown) => {
    throw damaged(error);
  });
}

function damaged(error: unknown): unknown {
  if (!(error instanceof Error) || finalCode(error) === null) return error;
  return new CommandRefused(
    `No bundle of this time can be made: ${error.message}. \`npx countersign audit check\` says what else is wrong.`,
    { cause: error },
  );
}

function patience(): () => Promise<void> {
  const end = performance.now() + SEALED_WITHIN_MS;
  return async () => {
    if (performance.now() > end)
      throw new CommandRefused(
        'Entries of this time wait to be sealed, and nobody seals them. Start a worker, then try again.',
      );
  };
}

/** Under another name until it is whole: half a bundle must not lie about as if it were one. */
async function written<T>(out: string, write: (put: (piece: Buffer) => Promise<void>) => Promise<T>): Promise<T> {
  const unfinished = `${out}.part`;
  const writing = async <R>(step: () => Promise<R>) =>
    step().catch((error: unknown) => {
      throw cannotWrite(out, error);
    });
  const file = await writing(() => open(unfinished, 'w', 0o600));
  try {
    const result = await write((piece) => writing(() => file.writeFile(piece)));
    await writing(() => file.sync());
    await writing(() => rename(unfinished, out));
    return result;
  } finally {
    await file.close();
    await rm(unfinished, { force: true });
  }
}

async function keyOf(keys: LogKeys, organization: string) {
  try {
    return await keys.of(organization);
  } catch (error) {
    if (error instanceof NoLog)
      throw new CommandRefused(
        `The organization ${organization} has no audit log that was sealed. Check --organization, and that a worker runs.`,
      );
    throw error;
  }
}

function moment(text: string, option: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime()) || !/^\d{4}-\d{2}-\d{2}/.test(text))
    throw new CommandRefused(`${option} is a day or moment such as 2026-11-01 or 2026-11-01T00:00:00Z.`);
  return at;
}
