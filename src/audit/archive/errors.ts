import { ProblemError } from '../../platform/errors.ts';

/** An archived entry was asked for, and its file is not within reach of this process. */
export class ArchiveUnavailable extends ProblemError {
  constructor(options?: ErrorOptions) {
    super(
      'unavailable',
      'This part of the audit log is archived, and the archive cannot be reached at the moment. An operator can make AUDIT_ARCHIVE_DIR reachable.',
      { retryAfterSeconds: 60 },
      options,
    );
    this.name = 'ArchiveUnavailable';
  }
}

/** A file of the archive is not what was verified and recorded. */
export class ArchiveDamaged extends Error {
  readonly code = 'archive-damaged';

  /** @param file its name, without its folder */
  constructor(file: string, how: string) {
    super(`${file} ${how}; restore it from a backup`);
    this.name = 'ArchiveDamaged';
  }
}
