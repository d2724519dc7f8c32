import { NotFound, ProblemError } from '../platform/errors.ts';

/** How soon an entry is usually sealed, in seconds. */
const SEALED_SOON_S = 2;

/** There is no such entry in the organization's log, by its id or its place. */
export class NoSuchEntry extends NotFound {
  constructor() {
    super('audit entry');
    this.name = 'NoSuchEntry';
  }
}

/** The entry is there, and no signed checkpoint holds it yet. That takes a moment. */
export class NotSealedYet extends ProblemError {
  constructor() {
    super('not-found', 'This entry is written but not sealed yet. Ask for its proof again in a moment.', {
      retryAfterSeconds: SEALED_SOON_S,
    });
    this.name = 'NotSealedYet';
  }
}

/** Nothing was ever signed for a log of this size: a proof for it would prove nothing. */
export class NeverCheckpointed extends ProblemError {
  constructor(size: number) {
    super(
      'not-found',
      `There is no checkpoint of ${size} entries. Take the size of a checkpoint that you were given, or of the latest one.`,
    );
    this.name = 'NeverCheckpointed';
  }
}

/** The log has no entries that were sealed. */
export class NoCheckpointYet extends ProblemError {
  constructor() {
    super('not-found', 'Nothing of this audit log is sealed yet. Ask again in a moment.', {
      retryAfterSeconds: SEALED_SOON_S,
    });
    this.name = 'NoCheckpointYet';
  }
}

/** A stretch of the log that is not in it, or ends before it begins. */
export class NoSuchRange extends ProblemError {
  constructor(detail: string) {
    super('not-found', detail);
    this.name = 'NoSuchRange';
  }
}
