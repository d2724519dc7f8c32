import { type Origin, type Transaction, UnitOfWork as Audited } from '../../src/platform/unit-of-work.ts';

export * from '../../src/platform/unit-of-work.ts';

/** Transactions whose entries for the audit log are thrown away as they are made. */
export class UnitOfWork extends Audited {
  override write<T>(origin: Origin, work: (tx: Transaction) => Promise<T>, at?: Date): Promise<T> {
    return this.bookkeep(origin, work, at);
  }

  override bookkeep<T>(origin: Origin, work: (tx: Transaction) => Promise<T>, at?: Date): Promise<T> {
    return super.bookkeep(
      origin,
      (tx) => {
        tx.record = () => undefined;
        return work(tx);
      },
      at,
    );
  }
}
