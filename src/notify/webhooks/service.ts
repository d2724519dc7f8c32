import { randomBytes } from 'node:crypto';
import { subjectsOf } from '../../platform/crypto/sealed.ts';
import { InvalidRequest } from '../../platform/errors.ts';
import type { Caller } from '../../platform/http/caller.ts';
import { decodeCursor, type Page, pageFrom } from '../../platform/http/pagination.ts';
import { newId } from '../../platform/ids.ts';
import type { Origin, Transaction, UnitOfWork } from '../../platform/unit-of-work.ts';
import { demand } from '../../tenancy/service.ts';
import { Webhook, WebhookDelivery } from '../entities.ts';
import { type AddressGuard, AddressNotAllowed, LoginInUrl, MalformedUrl, refuseLogin } from './address.ts';
import { MADE_SECRET_BYTES, secretFrom } from './signature.ts';
import {
  addDelivery,
  addWebhook,
  countWebhooks,
  deliveriesOf,
  deliveryOf,
  keptWebhook,
  keptWebhooks,
  openBody,
  openTarget,
  type WebhookTarget,
  webhooksOf,
} from './store.ts';

export interface WantedWebhook {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
}

export interface WebhookView {
  readonly row: Webhook;
  readonly url: string;
}

interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Every event is written once per webhook, in the transaction of whoever makes it happen. */
const WEBHOOKS_AT_MOST = 50;

/** The addresses that an organization is told at, and what was sent to them. */
export class WebhookService {
  readonly #work: UnitOfWork;
  readonly #guard: AddressGuard;

  constructor(work: UnitOfWork, guard: AddressGuard) {
    this.#work = work;
    this.#guard = guard;
  }

  /**
   * @param repeated an earlier attempt may have made it
   * @throws InvalidRequest where the URL is malformed or leads to an address that is not allowed
   */
  async make(
    caller: Caller,
    origin: Origin,
    wanted: WantedWebhook,
    repeated: boolean,
  ): Promise<WebhookView & { secret: string }> {
    demandManager(caller);
    await this.#checkUrl(wanted.url);
    return this.#work.write(origin, async (tx) => {
      const keys = await this.#work.vault.unlock(tx.em, origin.organization, [origin.organization]);
      const done = repeated ? await tx.em.findOne(Webhook, { id: wanted.id, organization: origin.organization }) : null;
      const made = done && openTarget(done, keys);
      if (done && made) return { row: done, ...made };
      if ((await countWebhooks(tx.em, origin.organization)) >= WEBHOOKS_AT_MOST) throw tooMany();
      const target: WebhookTarget = { url: wanted.url, secret: secretFrom(randomBytes(MADE_SECRET_BYTES)) };
      const row = addWebhook(tx, keys, wanted.id, target, wanted.events);
      this.#tell(tx, 'webhook.created', row);
      return { row, ...target };
    });
  }

  async list(caller: Caller, query: PageQuery): Promise<Page<WebhookView>> {
    demandManager(caller);
    const after = decodeCursor(query.cursor);
    return this.#work.read(caller.organization, async (em) => {
      const rows = await keptWebhooks(em, caller.organization, { after, limit: query.limit + 1 });
      const keys = await this.#work.vault.unlock(em, caller.organization, [caller.organization]);
      return pageFrom(rows, query.limit, (row) => ({ row, url: openTarget(row, keys)?.url ?? '' }));
    });
  }

  /** @throws NotFound also where it was deleted */
  async read(caller: Caller, id: string): Promise<WebhookView> {
    demandManager(caller);
    return this.#work.read(caller.organization, async (em) => {
      const row = await keptWebhook(em, caller.organization, id);
      const keys = await this.#work.vault.unlock(em, caller.organization, [caller.organization]);
      return { row, url: openTarget(row, keys)?.url ?? '' };
    });
  }

  /** Nothing is sent to it any more, not even what was waiting. */
  async delete(caller: Caller, origin: Origin, id: string): Promise<void> {
    demandManager(caller);
    await this.#work.write(origin, async (tx) => {
      const row = await keptWebhook(tx.em, origin.organization, id);
      row.deletedAt = tx.at;
      this.#tell(tx, 'webhook.deleted', row);
    });
  }

  /** What was sent, newest first. */
  async deliveries(caller: Caller, id: string, query: PageQuery): Promise<Page<WebhookDelivery>> {
    demandManager(caller);
    const before = decodeCursor(query.cursor);
    return this.#work.read(caller.organization, async (em) => {
      const webhook = await keptWebhook(em, caller.organization, id);
      return pageFrom(await deliveriesOf(em, webhook, { before, limit: query.limit + 1 }), query.limit, (row) => row);
    });
  }

  /**
   * Sends an event once more, under its own id: a receiver that has it already can tell.
   * @param operation the id of the new delivery
   * @throws InvalidRequest where somebody it tells about was erased, or the webhook was switched off
   */
  async replay(
    caller: Caller,
    origin: Origin,
    at: { webhook: string; delivery: string },
    operation: { id: string; repeated: boolean },
  ): Promise<WebhookDelivery> {
    demandManager(caller);
    return this.#work.write(origin, async (tx) => {
      const webhook = await keptWebhook(tx.em, origin.organization, at.webhook);
      const done = operation.repeated
        ? await tx.em.findOne(WebhookDelivery, { id: operation.id, webhook: webhook.id })
        : null;
      if (done) return done;
      if (webhook.disabledAt)
        throw new InvalidRequest([
          { path: 'path.id', message: 'was switched off, since its receiver answered 410 Gone: enter a new webhook' },
        ]);
      const earlier = await deliveryOf(tx.em, webhook, at.delivery);
      const keys = await this.#work.vault.unlockFor(tx.em, origin.organization, [earlier.body]);
      const body = openBody(earlier, keys);
      if (body === null)
        throw new InvalidRequest([
          { path: 'path.delivery', message: 'tells about somebody who was erased, and cannot be sent again' },
        ]);
      const { event, eventType } = earlier;
      tx.record({
        action: 'webhook.replayed',
        resource: { type: 'webhook', id: webhook.id },
        detail: { event, delivery: operation.id },
      });
      return addDelivery(
        tx,
        keys,
        { id: operation.id, webhook: webhook.id, event, eventType, body, subjects: subjectsOf(earlier.body) },
        newId(tx.at),
      );
    });
  }

  #tell(tx: Transaction, action: 'webhook.created' | 'webhook.deleted', row: Webhook): void {
    tx.record({ action, resource: { type: 'webhook', id: row.id }, detail: { events: row.events } });
    tx.touch(webhooksOf(tx.origin.organization));
  }

  /** A name that cannot be resolved now may be so when something is sent; where it leads is looked at again then. */
  async #checkUrl(url: string): Promise<void> {
    try {
      refuseLogin(url);
      await this.#guard.check(url);
    } catch (error) {
      if (error instanceof AddressNotAllowed || error instanceof MalformedUrl || error instanceof LoginInUrl)
        throw new InvalidRequest([{ path: 'url', message: error.message }]);
    }
  }
}

function demandManager(caller: Caller): void {
  demand(caller, 'organization.manage', [caller.organization]);
}

function tooMany(): InvalidRequest {
  return new InvalidRequest([
    { path: '', message: `an organization has ${WEBHOOKS_AT_MOST} webhooks at most; delete one first` },
  ]);
}
