import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { House, problem } from '../../approvals/api/support/house.ts';

let house: House;

beforeAll(async () => {
  house = await House.open({ max: ['member'] });
  await house.personOfOrganization('olga', ['owner']);
});

afterAll(() => house?.close());

const SETTINGS = '/api/v1/organization/settings';

function refusedAt(path: string) {
  return {
    status: 400,
    body: { ...problem('invalid-request'), errors: expect.arrayContaining([expect.objectContaining({ path })]) },
  };
}

describe('unusual access', () => {
  test('is told of within seconds: in the log, and by mail', async () => {
    await house.api.need('PUT', SETTINGS, { audit: { watch: { denials: { threshold: 3 } } } });
    for (let n = 0; n < 3; n += 1)
      expect((await house.api.call('PUT', SETTINGS, { timezone: 'UTC' }, house.key('max'))).status).toBe(403);
    const [mail] = await house.system.until(async () => {
      const mails = (await house.system.mails('olga@example.test')).filter(({ subject }) =>
        subject.startsWith('Many refused requests'),
      );
      return mails.length > 0 && mails;
    }, 'the mail');
    expect(mail?.text).toContain('was refused 3 requests within 10 minutes');
    const { items } = await house.api.need('GET', '/api/v1/audit/entries?action=audit.finding');
    expect(items).toMatchObject([
      {
        actor: { type: 'system' },
        resource: { type: 'person', id: 'max' },
        detail: { kind: 'denials', denials: 3, seconds: 600 },
      },
    ]);
  });
});

describe('the settings of the audit log', () => {
  test('are merged with what was set before, and shown as they hold', async () => {
    await house.api.need('PUT', SETTINGS, { audit: null });
    const byDefault = (await house.api.need('GET', SETTINGS)).audit;
    expect(byDefault).toEqual({
      retention: { frameworks: [], days: null },
      watch: {
        new_network: { enabled: true, history_days: 5 },
        new_country: { enabled: true, history_days: 5 },
        unusual_hour: { enabled: true, history_days: 20 },
        denials: { enabled: true, threshold: 10, within: 'PT10M' },
        mass_reads: { enabled: true, objects: 100, exports: 5, within: 'PT1H' },
      },
    });
    await house.api.need('PUT', SETTINGS, {
      audit: { retention: { frameworks: ['hipaa', 'soc2'] }, watch: { denials: { threshold: 4 } } },
    });
    await house.api.need('PUT', SETTINGS, {
      audit: { retention: { days: 400 }, watch: { denials: { within: 'PT1H' }, new_network: { enabled: false } } },
    });
    const { audit } = await house.api.need('GET', SETTINGS);
    expect(audit).toEqual({
      retention: { frameworks: ['hipaa', 'soc2'], days: 400 },
      watch: {
        ...byDefault.watch,
        denials: { enabled: true, threshold: 4, within: 'PT1H' },
        new_network: { enabled: false, history_days: 5 },
        new_country: { enabled: true, history_days: 5 },
      },
    });
    await house.api.need('PUT', SETTINGS, { audit: { retention: { frameworks: null }, watch: null } });
    expect((await house.api.need('GET', SETTINGS)).audit).toEqual({
      retention: { frameworks: [], days: 400 },
      watch: byDefault.watch,
    });
    expect((await house.api.need('PUT', SETTINGS, { timezone: 'Europe/Berlin' })).audit.retention.days).toBe(400);
  });

  test.each<[Record<string, unknown>, string]>([
    [{ retention: { frameworks: ['made-up'] } }, 'audit.retention.frameworks.0'],
    [{ retention: { days: 7 } }, 'audit.retention.days'],
    [{ retention: { days: 1.5 } }, 'audit.retention.days'],
    [{ watch: { denials: { threshold: 0 } } }, 'audit.watch.denials.threshold'],
    [{ watch: { denials: { within: 'P2D' } } }, 'audit.watch.denials.within'],
    [{ watch: { denials: { within: '10m' } } }, 'audit.watch.denials.within'],
    [{ watch: { mass_reads: { objects: 100_000 } } }, 'audit.watch.mass_reads.objects'],
    [{ watch: { moon: {} } }, 'audit.watch.moon'],
    [{ colour: 'red' }, 'audit.colour'],
  ])('are refused as %j', async (audit, path) => {
    expect(await house.api.call('PUT', SETTINGS, { audit })).toMatchObject(refusedAt(path));
  });
});
