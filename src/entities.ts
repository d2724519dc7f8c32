import * as approvals from './approvals/entities.ts';
import { AuditArchive } from './audit/archive/entities.ts';
import * as audit from './audit/entities.ts';
import { AuditExport, AuditExportChunk } from './audit/exports/entities.ts';
import { AuditStream } from './audit/streams/entities.ts';
import { AuditAccessState, AuditWatch } from './audit/watch/entities.ts';
import { AuditCosignature, AuditWitness } from './audit/witnesses/entities.ts';
import * as budgets from './budgets/entities.ts';
import { ReservationChange, ReservationDigest } from './budgets/journal/entities.ts';
import * as notify from './notify/entities.ts';
import { SubjectKey } from './platform/crypto/subject-key.ts';
import { DirectoryEntry } from './platform/database/directory.ts';
import type { Entities } from './platform/database/database.ts';
import { IdempotentRequest } from './platform/http/idempotency-entity.ts';
import * as reports from './reports/entities.ts';
import * as tenancy from './tenancy/entities.ts';
import * as usage from './usage/entities.ts';

/** Every table there is. */
export const entities: Entities = [
  SubjectKey,
  DirectoryEntry,
  IdempotentRequest,
  ...Object.values(tenancy),
  ...Object.values(notify),
  ...Object.values(audit),
  AuditWatch,
  AuditAccessState,
  AuditStream,
  AuditArchive,
  AuditExport,
  AuditExportChunk,
  AuditWitness,
  AuditCosignature,
  ...Object.values(approvals),
  ...Object.values(usage),
  ...Object.values(budgets),
  ...Object.values(reports),
  ReservationChange,
  ReservationDigest,
];
