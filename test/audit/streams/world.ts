import { SealedEntries } from '../../../src/audit/sealed-entries.ts';
import { writeAudit } from '../../../src/audit/store.ts';
import { FailureNotice } from '../../../src/audit/streams/failure-notice.ts';
import { newStreamSchema } from '../../../src/audit/streams/schemas.ts';
import { sendersWith } from '../../../src/audit/streams/senders.ts';
import { StreamFeed, type StreamFeedParts } from '../../../src/audit/streams/stream-feed.ts';
import { StreamService, type StreamView } from '../../../src/audit/streams/stream-service.ts';
import { streamsToFeed } from '../../../src/audit/streams/stream-store.ts';
import { AddressGuard, EventPublisher } from '../../../src/notify/service.ts';
import { settleOutbox, writeOutbox } from '../../../src/notify/outbox.ts';
import { Vault } from '../../../src/platform/crypto/vault.ts';
import { BareDatabase } from '../../../src/platform/database/bare.ts';
import { UnitOfWork } from '../../../src/platform/unit-of-work.ts';
import { newId } from '../../../src/platform/ids.ts';
import { TestClock } from '../../http/support/test-clock.ts';
import { ownerOf } from '../../notify/support/webhook-world.ts';
import type { LogWorld } from '../support/log-world.ts';
import { Staff } from '../support/staff.ts';

/** An organization whose log is sent somewhere, and a worker that sends it. */
export class StreamWorld {
  readonly world: LogWorld;
  readonly staff: Staff;
  readonly clock = new TestClock();
  readonly service: StreamService;
  readonly feed: StreamFeed;

  private constructor(world: LogWorld, staff: Staff) {
    this.world = world;
    this.staff = staff;
    this.service = new StreamService(world.work, new AddressGuard({ allowPrivate: true }));
    this.feed = this.worker();
  }

  static async open(world: LogWorld): Promise<StreamWorld> {
    return new StreamWorld(world, await Staff.hire(world, { jane: ['member'], olga: ['owner'], ann: ['auditor'] }));
  }

  get organization(): string {
    return this.staff.organization;
  }

  /** One more worker. */
  worker(parts: Partial<StreamFeedParts> & { allowPrivate?: boolean; timeoutMs?: number } = {}): StreamFeed {
    const { world, clock, staff } = this;
    const { allowPrivate = true, timeoutMs = 5_000, ...others } = parts;
    const webhooks = new EventPublisher({ vault: world.vault, clock, changes: { onChange: () => () => undefined } });
    const entries = new SealedEntries({ read: () => Promise.reject(new Error('nothing was archived')) });
    return new StreamFeed({
      work: world.work,
      entries,
      clock,
      notice: new FailureNotice({ people: staff.people, webhooks }),
      random: () => 0.999,
      senderFor: sendersWith({ allowPrivate, publicUrl: 'https://countersign.example.com', clock, timeoutMs }),
      ...others,
    });
  }

  /** What a process uses that has not seen any key yet. */
  freshWork(): UnitOfWork {
    const { database, master } = this.world;
    return new UnitOfWork({
      database,
      vault: new Vault(master),
      clock: this.clock,
      log: { writeAudit, writeOutbox, settleOutbox },
      notifier: { outboxFilled: () => undefined, auditWritten: () => undefined, changed: () => undefined },
    });
  }

  /** As it would come over HTTP. */
  put(name: string, body: Record<string, unknown>): Promise<StreamView & { isNew: boolean }> {
    return this.service.put(ownerOf(this.organization), this.origin(), name, newStreamSchema.parse(body));
  }

  /** Seals so many new entries. */
  async grow(entries: number): Promise<void> {
    await this.world.write(this.organization, entries);
    await this.world.sealAll();
  }

  async due(): Promise<string[]> {
    const all = await streamsToFeed(new BareDatabase(this.world.sealerDatabase), this.clock.now());
    return all.filter((found) => found.startsWith(this.organization));
  }

  /** Sends until there is nothing more to send now. */
  async feedAll(feed = this.feed): Promise<void> {
    const signal = new AbortController().signal;
    for (const found of await this.due()) while (await feed.step(found, signal));
  }

  async view(name: string): Promise<StreamView> {
    const view = (await this.service.list(ownerOf(this.organization))).find(({ row }) => row.name === name);
    if (!view) throw new RangeError(`there is no stream ${name}`);
    return view;
  }

  origin() {
    return { organization: this.organization, actor: { type: 'service' as const, id: newId() }, requestId: null };
  }
}

/** The numbers from `start` up to, and without, `end`. */
export function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, n) => start + n);
}
