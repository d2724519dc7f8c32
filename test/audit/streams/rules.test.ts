import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LeafFields } from '../../../src/audit/rules/leaf-fields.ts';
import { ocsfEvent } from '../../../src/audit/rules/ocsf/event.ts';
import { syslogFrame } from '../../../src/audit/rules/syslog.ts';
import { AUDIT_ACTIONS, type AuditAction } from '../../../src/platform/audit-actions.ts';
import { newId } from '../../../src/platform/ids.ts';

const ACTIONS = Object.keys(AUDIT_ACTIONS) as AuditAction[];
const ORGANIZATION = newId();

/** What the classes require beyond what every event has (OCSF 1.3.0), and the activities they know. */
const REQUIRED: Readonly<Record<number, { attributes: readonly string[]; activities: readonly number[] }>> = {
  2004: { attributes: ['finding_info'], activities: [1, 2, 3] },
  3002: { attributes: ['user', 'service'], activities: [1, 2] },
  3004: { attributes: ['entity', 'actor'], activities: [1, 2, 3, 4] },
  6003: { attributes: ['actor', 'api', 'src_endpoint'], activities: [1, 2, 3, 4, 99] },
};
const EVERY = ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid', 'status_id'];

function fields(action: AuditAction, more: Partial<LeafFields> = {}): LeafFields {
  const { resource } = AUDIT_ACTIONS[action];
  return {
    v: 1,
    id: newId(),
    at: '2031-03-04T05:06:07.890Z',
    organization: ORGANIZATION,
    action,
    resource: { type: resource, ref: resource === 'route' ? 'GET /api/v1/teams/{team}' : newId() },
    actor: { type: 'person', ref: newId(), key: newId() },
    on_behalf_of: null,
    outcome: 'success',
    team: null,
    request_id: newId(),
    detail: { kind: 'denials' },
    ...more,
  };
}

const anyFields = fc
  .record({
    action: fc.constantFrom(...ACTIONS),
    outcome: fc.constantFrom('success' as const, 'denied' as const),
    actor: fc.record({
      type: fc.constantFrom('person', 'service', 'operator', 'workflow', 'system'),
      ref: fc.option(fc.uuid()),
      key: fc.option(fc.uuid()),
    }),
    on_behalf_of: fc.option(fc.uuid()),
    team: fc.option(fc.uuid()),
    request_id: fc.option(fc.uuid()),
  })
  .map(({ action, ...more }) => fields(action, more));
const anySource = fc.option(fc.record({ address: fc.option(fc.ipV4()), userAgent: fc.option(fc.string()) }));

describe('an OCSF event', () => {
  test('has what its class requires, for every action there is and whoever did it', () => {
    fc.assert(
      fc.property(anyFields, anySource, fc.nat(), (leaf, source, seq) => {
        const event = ocsfEvent({ seq, fields: leaf, leafHash: 'aGFzaA==', source });
        const required = REQUIRED[event.class_uid]!;
        for (const attribute of [...EVERY, ...required.attributes]) expect(event[attribute]).toBeDefined();
        expect(required.activities).toContain(event.activity_id);
        expect(event.type_uid).toBe(event.class_uid * 100 + event.activity_id);
        expect(Math.floor(event.class_uid / 1000)).toBe(event['category_uid']);
        expect(event.metadata).toMatchObject({
          uid: String(seq),
          sequence: seq,
          event_code: leaf.action,
          tenant_uid: ORGANIZATION,
          product: { name: 'Countersign', vendor_name: 'Countersign' },
        });
        expect(event['time']).toBe(Date.parse(leaf.at));
        // Someone, or the product itself, did it.
        const actor = event['actor'] as { user?: { uid: string }; app_name?: string } | undefined;
        if (actor) expect(actor.user?.uid ?? actor.app_name).toBeDefined();
      }),
      { numRuns: 1_000 },
    );
  });

  test.each<[AuditAction, number, number]>([
    ['session.started', 3002, 1],
    ['session.ended', 3002, 2],
    ['access.denied', 6003, 2],
    ['audit.finding', 2004, 1],
    ['audit.entries_missing', 2004, 1],
    ['team.made', 3004, 1],
    ['approval.decide', 3004, 3],
    ['approval.reasons_read', 3004, 2],
    ['api_key.revoked', 3004, 4],
    ['member.removed', 3004, 4],
    ['organization.settings_changed', 3004, 3],
  ])('of %s is of class %i, activity %i', (action, class_uid, activity_id) => {
    expect(ocsfEvent({ seq: 7, fields: fields(action), leafHash: '', source: null })).toMatchObject({
      class_uid,
      activity_id,
    });
  });

  test('says what went wrong, where it came from, and keeps what OCSF has no place for', () => {
    const denied = fields('access.denied', {
      outcome: 'denied',
      detail: { problem: 'forbidden' },
      team: ORGANIZATION,
      policy_version: '3',
    });
    expect(
      ocsfEvent({
        seq: 12,
        fields: denied,
        leafHash: 'aGFzaA==',
        source: { address: '203.0.113.9', userAgent: 'curl' },
      }),
    ).toEqual({
      category_uid: 6,
      category_name: 'Application Activity',
      class_uid: 6003,
      class_name: 'API Activity',
      activity_id: 2,
      activity_name: 'Read',
      type_uid: 600302,
      severity_id: 2,
      status_id: 2,
      status: 'Failure',
      time: Date.parse(denied.at),
      metadata: {
        version: '1.3.0',
        product: { name: 'Countersign', vendor_name: 'Countersign' },
        uid: '12',
        sequence: 12,
        event_code: 'access.denied',
        log_name: 'audit',
        tenant_uid: ORGANIZATION,
        original_time: denied.at,
        correlation_uid: denied.request_id,
      },
      actor: { user: { uid: denied.actor.ref, type_id: 1, type: 'User', credential_uid: denied.actor.key } },
      api: { operation: 'GET /api/v1/teams/{team}', service: { name: 'Countersign' } },
      src_endpoint: { ip: '203.0.113.9' },
      http_request: { user_agent: 'curl' },
      unmapped: {
        entry_id: denied.id,
        leaf_hash: 'aGFzaA==',
        outcome: 'denied',
        resource: denied.resource,
        detail: { problem: 'forbidden' },
        team_uid: ORGANIZATION,
        policy_version: '3',
      },
    });
  });
});

describe('a syslog frame', () => {
  test('is counted in octets, holds no control characters, and brings the event back as it was', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.string({ unit: 'binary' })),
        fc.string(),
        fc.string(),
        (event, hostname, msgid) => {
          const frame = Buffer.from(syslogFrame({ at: new Date(0), hostname, msgid, severityId: 2, event }));
          const space = frame.indexOf(' ');
          const message = frame.subarray(space + 1);
          expect(Number(frame.toString('ascii', 0, space))).toBe(message.length);
          expect(message.toString('latin1')).toMatch(/^[\x20-\x7e]*$/);
          const [, header, json = ''] = /^(\S+ \S+ \S+ \S+ \S+ \S+) - (.*)$/.exec(message.toString()) ?? [];
          expect(header).toMatch(
            /^<109>1 1970-01-01T00:00:00\.000Z [\x21-\x7e]{1,255} countersign - [\x21-\x7e]{1,32}$/,
          );
          expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(event)));
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each([
    [1, 110],
    [2, 109],
    [3, 108],
  ])('of an event of severity %i has the priority %i', (severityId, priority) => {
    expect(syslogFrame({ at: new Date(0), hostname: 'h', msgid: 'm', severityId, event: {} })).toMatch(
      new RegExp(`^\\d+ <${priority}>1 `),
    );
  });
});
