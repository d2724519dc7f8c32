/** What came of many mutations. */
export interface Matrix {
  readonly tried: number;
  /** By kind, how often each was tried. */
  readonly kinds: ReadonlyMap<string, number>;
  /** Kinds of mutations that were not noticed, with what tells them apart. */
  readonly undetected: readonly string[];
}

/** Counts mutations as they are tried. */
export class MatrixCount implements Matrix {
  readonly kinds = new Map<string, number>();
  readonly undetected: string[] = [];
  tried = 0;

  add(kind: string, isDetected: boolean, mutation = `no. ${this.tried}`): void {
    this.tried += 1;
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    if (!isDetected) this.undetected.push(`${kind} (${mutation})`);
  }
}
