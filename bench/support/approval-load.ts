import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { ApiClient } from './api-client.ts';
import { inParallel, timed } from './concurrency.ts';
import { type Approver, type MadeOrganization, type Requester, twoStageRequest } from './organization.ts';
import type { Random } from './random.ts';
import type { Round } from './round.ts';

const approval = z.object({ id: z.string(), state: z.string() });
type MadeApproval = z.infer<typeof approval>;

/** People who ask and people who decide, over HTTP. */
export class ApprovalLoad {
  readonly #api: ApiClient;
  readonly #organization: MadeOrganization;
  readonly #random: Random;
  readonly #withKeys: boolean;

  /** @param withKeys every POST carries an `Idempotency-Key` */
  constructor(parts: { api: ApiClient; organization: MadeOrganization; random: Random; withKeys: boolean }) {
    this.#api = parts.api;
    this.#organization = parts.organization;
    this.#random = parts.random;
    this.#withKeys = parts.withKeys;
  }

  /** Approvals from creation to outcome: asked for, approved by the manager, approved by the director. */
  async round(approvals: number, clients: number, made: string[] = []): Promise<Round> {
    const decisions: number[] = [];
    const { ms } = await timed(() =>
      inParallel(approvals, clients, async () => {
        const requester = this.#random.pick(this.#organization.requesters);
        const { id } = await this.create(requester);
        made.push(id);
        const states = [
          await this.#approve(id, requester.manager, decisions),
          await this.#approve(id, requester.director, decisions),
        ];
        if (states.join() !== 'pending,approved') throw new Error(`an approval went ${states.join(', then ')}`);
      }),
    );
    return { perSecond: approvals / (ms / 1000), decisions };
  }

  /** Approvals that nobody decides on. */
  async wait(approvals: number, clients: number): Promise<void> {
    await inParallel(
      approvals,
      clients,
      async () => void (await this.create(this.#random.pick(this.#organization.requesters))),
    );
  }

  async create(requester: Requester): Promise<MadeApproval> {
    return approval.parse(
      await this.#post('/api/v1/approvals', this.#organization.serviceKey, twoStageRequest(requester, this.#random)),
    );
  }

  /** @param times takes how long the call took, in milliseconds */
  async #approve(id: string, approver: Approver, times: number[]): Promise<string> {
    const { ms, result } = await timed(() =>
      this.#post(`/api/v1/approvals/${id}/decisions`, approver.key, {
        decision: 'approve',
        comment: 'Within the budget of this quarter.',
      }),
    );
    times.push(ms);
    return approval.parse(result).state;
  }

  #post(path: string, key: string, body: object): Promise<unknown> {
    return this.#api.need('POST', path, { key, body, ...(this.#withKeys ? { idempotencyKey: randomUUID() } : {}) });
  }
}
