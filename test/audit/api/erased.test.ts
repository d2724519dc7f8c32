import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { leafHash, verifyInclusion } from '../../../src/audit/merkle.ts';
import { openCheckpoint } from '../../../src/audit/notes/checkpoint.ts';
import { parseVerifierKey } from '../../../src/audit/notes/keys.ts';
import { verifyBundle } from '../../../src/audit/verifier.ts';
import { type ApiCaller, until } from '../../support/api-caller.ts';
import { type Product, startProduct } from '../../workflows/support/product.ts';
import { RealWorld } from '../../workflows/support/real-world.ts';
import type { Entry, Proof } from './support/audit-api.ts';

const LOG = '/api/v1/audit';

let world: RealWorld;
/** The same installation, restarted: no key is remembered from before. */
let restarted: Product;
let before: Entry[];
let proofBefore: Proof;
let jemima: string;

beforeAll(async () => {
  world = await RealWorld.start();
  const { api } = world;
  await world.product.startWorker();
  await api.need('POST', '/api/v1/teams', { id: 'research', name: 'Research' });
  const key = await api.person('research', 'jemima', ['member']);
  await api.person('research', 'max', ['manager']);
  await api.ask(
    { team_id: 'research', requester_id: 'jemima', chain: { stages: [{ approvers: [{ user_id: 'max' }] }] } },
    key,
  );
  before = await sealed(api);
  jemima = before.find(({ actor }) => actor.id === 'jemima')?.actor.ref ?? '';
  proofBefore = await api.need('GET', `${LOG}/entries/${mine(before)[0]!.seq}/proof`);
  await world.product.stop();
  await world.query('update keyring.subject_keys set wrapped = null, destroyed_at = now() where id = $1', [jemima]);
  const { surroundings, config } = world.product.core;
  restarted = await startProduct({
    ...surroundings,
    ownerKey: world.product.ownerKey,
    environment: { TEMPORAL_TASK_QUEUE: config.temporal.taskQueue },
  });
  await restarted.startWorker();
}, 60_000);

afterAll(async () => {
  await restarted?.stop();
  await world?.stop();
});

async function entries(api: ApiCaller, query = ''): Promise<Entry[]> {
  return (await api.need('GET', `${LOG}/entries?limit=200${query}`)).items;
}

function sealed(api: ApiCaller): Promise<Entry[]> {
  return until(async () => {
    const all = await entries(api);
    return (
      all.every(({ seq }) => seq !== null) &&
      (await api.call('GET', `${LOG}/entries/${all[0]!.seq}/proof`)).status === 200 &&
      all
    );
  }, 'everything is sealed');
}

/** What she did herself, by its internal id. */
const mine = (all: readonly Entry[]) => all.filter(({ actor }) => actor.ref === jemima);

describe('once a person was erased', () => {
  test('her entries name nobody and come from nowhere, and say what was done all the same', async () => {
    expect(mine(before)).toMatchObject([{ actor: { id: 'jemima' }, source: { address: '127.0.0.1' } }]);
    const after = await entries(restarted.api, `&actor=${jemima}`);
    expect(after.map(({ id }) => id)).toEqual(mine(before).map(({ id }) => id));
    for (const entry of after)
      expect(entry).toMatchObject({
        actor: { type: 'person', id: null, ref: jemima },
        source: null,
        action: 'approval.created',
        team_id: 'research',
      });
    const about = (await entries(restarted.api)).filter(({ resource }) => resource.ref === jemima);
    expect(about.length).toBeGreaterThan(0);
    for (const { resource } of about) expect(resource).toEqual({ type: 'person', id: null, ref: jemima });
    expect(
      (await entries(restarted.api))
        .filter(({ on_behalf_of_ref: ref }) => ref === jemima)
        .map(({ on_behalf_of: id }) => id),
    ).toEqual([null]);
  });

  test('everybody else’s are as they were', async () => {
    const others = (
      await entries(restarted.api, `&to=${encodeURIComponent(new Date(Date.parse(before[0]!.at) + 1).toISOString())}`)
    ).filter(({ actor, resource, on_behalf_of_ref: ref }) => ![actor.ref, resource.ref, ref].includes(jemima));
    expect(others).toEqual(
      before.filter(({ actor, resource, on_behalf_of_ref: ref }) => ![actor.ref, resource.ref, ref].includes(jemima)),
    );
  });

  test('the proof of her entries is the same, and holds', async () => {
    const { checkpoint, ...proof }: Proof = await restarted.api.need(
      'GET',
      `${LOG}/entries/${proofBefore.seq}/proof?tree_size=${proofBefore.tree_size}`,
    );
    expect({ ...proof, checkpoint }).toEqual(proofBefore);
    const { root } = openCheckpoint(
      checkpoint,
      parseVerifierKey((await restarted.api.need('GET', `${LOG}/public-key`)).trim()),
    );
    const bytes = (base64: string) => Buffer.from(base64, 'base64');
    verifyInclusion(proof.leaf_index, proof.tree_size, leafHash(bytes(proof.leaf)), proof.hashes.map(bytes), root);
  });

  test('bundles count her entries as erased, and are valid', async () => {
    const { id } = await restarted.api.need('POST', `${LOG}/exports`, {
      from: '2020-01-01T00:00:00Z',
      to: new Date().toISOString(),
    });
    const { url } = await until(async () => {
      const read = await restarted.api.need('GET', `${LOG}/exports/${id}`);
      return read.state === 'ready' && read;
    }, 'the bundle');
    const bundle = await (await fetch(url, { headers: { authorization: `Bearer ${restarted.ownerKey}` } })).text();
    expect(
      await verifyBundle(Readable.from([Buffer.from(bundle)]), {
        key: await restarted.api.need('GET', `${LOG}/public-key`),
      }),
    ).toMatchObject({ verdict: 'valid', erased: 1 });
    expect(bundle).not.toContain('jemima');
    expect(bundle).toContain('"actor":null');
  });
});
