import { newId } from '../../../src/platform/ids.ts';
import type { AuditRecord } from '../../../src/platform/audit-record.ts';
import type { Origin } from '../../../src/platform/unit-of-work.ts';
import { Membership, Organization, type OrganizationSettings } from '../../../src/tenancy/entities.ts';
import { makeOrganization } from '../../../src/tenancy/organizations.ts';
import { People } from '../../../src/tenancy/people.ts';
import type { Role } from '../../../src/tenancy/rules/roles.ts';
import type { LogWorld } from './log-world.ts';

export interface Act {
  /** Unset: now. */
  readonly at?: Date;
  readonly address?: string | null;
  readonly record?: AuditRecord;
  readonly times?: number;
}

/** An organization with people in its root, and what they do. */
export class Staff {
  readonly world: LogWorld;
  readonly organization = newId();
  readonly people: People;
  readonly #ids = new Map<string, string>();

  private constructor(world: LogWorld) {
    this.world = world;
    this.people = new People(world.master, world.vault);
  }

  /** @param roles by alias; everybody has an address at example.com */
  static async hire(
    world: LogWorld,
    roles: Readonly<Record<string, readonly Role[]>>,
    settings: OrganizationSettings = {},
  ): Promise<Staff> {
    const staff = new Staff(world);
    await world.work.write(staff.#system(), async (tx) => {
      makeOrganization(tx, world.vault, { name: 'Acme', ownerKind: 'owner' });
      await tx.em.flush();
      await tx.em.nativeUpdate(Organization, { id: staff.organization }, { settings });
      for (const [alias, held] of Object.entries(roles)) await staff.#hire(tx, alias, held);
    });
    return staff;
  }

  id(alias: string): string {
    const id = this.#ids.get(alias);
    if (id === undefined) throw new RangeError(`nobody is called ${alias}`);
    return id;
  }

  /** Has somebody do something, so many times in one transaction: an entry each. */
  async act(alias: string, { at, address = null, record, times = 1 }: Act = {}): Promise<void> {
    const origin: Origin = {
      organization: this.organization,
      actor: { type: 'person', id: this.id(alias), key: null },
      requestId: newId(),
      source: { address, userAgent: 'test' },
    };
    await this.world.work.write(
      origin,
      async (tx) => {
        for (let n = 0; n < times; n += 1)
          tx.record(record ?? { action: 'team.made', resource: { type: 'team', id: newId() } });
      },
      at,
    );
  }

  /** What was written to the log, in its order, as far as it is sealed. */
  async log(): Promise<
    { seq: number; action: string; resource: { type: string; ref: string }; detail: Record<string, unknown> }[]
  > {
    const { rows } = await this.world.admin.query<{ seq: number; leaf: string }>(
      'select l.leaf_index::int as seq, e.leaf from countersign.audit_leaves l join countersign.audit_entries e on e.id = l.entry_id where l.organization_id = $1 order by 1',
      [this.organization],
    );
    return rows.map(({ seq, leaf }) => ({
      seq,
      ...(JSON.parse(leaf) as {
        action: string;
        resource: { type: string; ref: string };
        detail: Record<string, unknown>;
      }),
    }));
  }

  async #hire(
    tx: Parameters<Parameters<LogWorld['work']['write']>[1]>[0],
    alias: string,
    roles: readonly Role[],
  ): Promise<void> {
    const person = await this.people.makeUser(tx, { alias, name: `Name of ${alias}`, email: `${alias}@example.com` });
    this.#ids.set(alias, person.id);
    tx.em.persist(
      tx.em.create(Membership, {
        id: newId(tx.at),
        organization: this.organization,
        team: this.organization,
        person: person.id,
        roles: [...roles],
        createdAt: tx.at,
        updatedAt: tx.at,
      }),
    );
  }

  #system(): Origin {
    return { organization: this.organization, actor: { type: 'system', id: null }, requestId: null };
  }
}
