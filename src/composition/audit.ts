import { archiveAt } from '../audit/archive/archived-entries.ts';
import { EntryFinder } from '../audit/archive/entry-finder.ts';
import { BundleSource, type Openers } from '../audit/exports/bundle-source.ts';
import { ExportMaking } from '../audit/exports/export-making.ts';
import { ExportPieces } from '../audit/exports/export-pieces.ts';
import { ExportService } from '../audit/exports/export-service.ts';
import { ExportStore } from '../audit/exports/export-store.ts';
import { LogKeys } from '../audit/exports/log-keys.ts';
import { AuditProofs } from '../audit/proofs.ts';
import { EntryQueries } from '../audit/reading/entry-queries.ts';
import { ProofQueries } from '../audit/reading/proof-queries.ts';
import type { AuditServices } from '../audit/routes.ts';
import { SealedEntries } from '../audit/sealed-entries.ts';
import { SigningKeys } from '../audit/sealing/signing-keys.ts';
import { Cosigning } from '../audit/witnesses/cosigning.ts';
import { WitnessService } from '../audit/witnesses/witness-service.ts';
import type { Config } from '../config.ts';
import type { MasterKey } from '../platform/crypto/master-key.ts';
import { Vault } from '../platform/crypto/vault.ts';
import { BareDatabase } from '../platform/database/bare.ts';
import { People } from '../tenancy/people.ts';
import type { Core } from './core.ts';

/** What callers do with the audit log. */
export function composeAudit({ config, database, work, people, clock }: Core): AuditServices {
  const entries = sealedEntries(config);
  const proofs = new AuditProofs(database);
  return {
    entries: new EntryQueries({ work, people, finder: new EntryFinder(entries) }),
    proofs: new ProofQueries({ work, proofs, entries }),
    exports: new ExportService({
      work,
      pieces: new ExportPieces({ work, store: new ExportStore(new BareDatabase(database)) }),
      clock,
    }),
    witnesses: new WitnessService(work),
    cosigning: new Cosigning({ work, proofs }),
  };
}

/**
 * What makes the bundles that were asked for.
 * @param sealer opened under `countersign_sealer`, which alone may read the keys
 */
export function composeExportMaking(
  { config, database, work, master, logger }: Core,
  sealer: BareDatabase,
): ExportMaking {
  const source = new BundleSource({ work, entries: sealedEntries(config), openers: () => openersWith(master) });
  const store = new ExportStore(new BareDatabase(database));
  return new ExportMaking({
    work,
    source,
    store,
    pieces: new ExportPieces({ work, store }),
    keys: new LogKeys(sealer, new SigningKeys(master)),
    logger,
  });
}

function openersWith(master: MasterKey): Openers {
  const vault = new Vault(master);
  return { vault, people: new People(master, vault) };
}

/** Entries, wherever they are kept by now. */
export function sealedEntries({ auditArchiveDir }: Pick<Config, 'auditArchiveDir'>): SealedEntries {
  return new SealedEntries(archiveAt(auditArchiveDir));
}
