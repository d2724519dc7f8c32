import type { Route } from '../platform/http/route.ts';
import type { ExportService } from './exports/export-service.ts';
import type { EntryQueries } from './reading/entry-queries.ts';
import type { ProofQueries } from './reading/proof-queries.ts';
import { entryRoutes } from './routes/entry-routes.ts';
import { exportRoutes } from './routes/export-routes.ts';
import { proofRoutes } from './routes/proof-routes.ts';
import { witnessRoutes } from './routes/witness-routes.ts';
import type { Cosigning } from './witnesses/cosigning.ts';
import type { WitnessService } from './witnesses/witness-service.ts';

export interface AuditServices {
  readonly entries: EntryQueries;
  readonly proofs: ProofQueries;
  readonly exports: ExportService;
  readonly witnesses: WitnessService;
  readonly cosigning: Cosigning;
}

/** The audit log over HTTP. */
export function auditRoutes(services: AuditServices, publicUrl: string): Route[] {
  return [
    ...entryRoutes(services.entries),
    ...proofRoutes(services.proofs),
    ...exportRoutes(services.exports, publicUrl),
    ...witnessRoutes(services.witnesses, services.cosigning),
  ];
}
