import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { leafHash, verifyConsistency, verifyInclusion } from '../../../src/audit/merkle.ts';
import { openCheckpoint, type TreeHead } from '../../../src/audit/notes/checkpoint.ts';
import { parseVerifierKey } from '../../../src/audit/notes/keys.ts';
import { openLogProof } from '../../../src/audit/notes/tlog-proof.ts';
import { startTestSystem, type TestSystem } from '../../support/system.ts';
import { AuditApi, type Proof } from './support/audit-api.ts';

let system: TestSystem;
let audit: AuditApi;
/** Sizes that were signed, smallest first. */
const signed: TreeHead[] = [];

beforeAll(async () => {
  system = await startTestSystem();
  audit = new AuditApi(system);
  for (let step = 0; step < 4; step += 1) {
    await system.need('POST', '/api/v1/teams', { id: `team-${step}`, name: 'A team' });
    await audit.sealed();
    signed.push(openCheckpoint(await audit.checkpoint(), parseVerifierKey(await audit.publicKey())));
  }
});

afterAll(() => system?.stop());

const bytes = (base64: string) => Buffer.from(base64, 'base64');

function verify(proof: Proof, head: TreeHead): void {
  expect(bytes(proof.leaf_hash).equals(leafHash(bytes(proof.leaf)))).toBe(true);
  verifyInclusion(proof.leaf_index, proof.tree_size, bytes(proof.leaf_hash), proof.hashes.map(bytes), head.root);
}

describe('the proof of an entry', () => {
  test('holds for every entry, against the newest checkpoint, and the leaf says what the list says', async () => {
    const key = parseVerifierKey(await audit.publicKey());
    const entries = await audit.sealed();
    for (const { seq, id, action, actor, resource, team_ref, request_id } of entries) {
      const proof = await audit.proof(seq ?? -1);
      const head = openCheckpoint(proof.checkpoint, key);
      expect({ origin: head.origin, size: head.size }).toEqual({ origin: key.name, size: proof.tree_size });
      verify(proof, head);
      expect(JSON.parse(bytes(proof.leaf).toString())).toMatchObject({
        id,
        action,
        actor: { ref: actor.ref },
        resource: { ref: resource.ref },
        team: team_ref,
        request_id,
      });
      expect(proof).toMatchObject({ seq, leaf_index: seq });
    }
  });

  test('is made for any checkpoint that holds it', async () => {
    for (const head of signed) verify(await audit.proof(0, `?tree_size=${head.size}`), head);
  });

  test('is there as a file too, as C2SP describes it', async () => {
    const { leaf_hash: hash } = await audit.proof(1);
    const { status, body, headers } = await audit.call('GET', '/entries/1/tlog-proof');
    expect({ status, type: headers.get('content-type') }).toEqual({ status: 200, type: 'text/plain; charset=utf-8' });
    expect(openLogProof(body, bytes(hash), parseVerifierKey(await audit.publicKey())).size).toBeGreaterThan(1);
  });

  test('is small', async () => {
    const { body, status } = await audit.call('GET', '/entries/0/proof');
    expect(status).toBe(200);
    expect(JSON.stringify(body.hashes).length).toBeLessThan(2_000);
  });

  test.each([
    ['/entries/999999/proof', 404, 'not-found'],
    ['/entries/9007199254740991/proof', 404, 'not-found'],
    ['/entries/-1/proof', 404, 'not-found'],
    ['/entries/1.5/proof', 404, 'not-found'],
    ['/entries/1e3/proof', 404, 'not-found'],
    ['/entries/0x1/proof', 404, 'not-found'],
    ['/entries/01/proof', 404, 'not-found'],
    ['/entries/9007199254740993/proof', 404, 'not-found'],
    ['/entries/99999999999999999999/proof', 404, 'not-found'],
    ['/entries/none/proof', 404, 'not-found'],
    ['/entries/0/proof?tree_size=0', 404, 'not-found'],
    ['/entries/0/proof?tree_size=999999', 404, 'not-found'],
    ['/entries/0/proof?tree_size=-1', 400, 'invalid-request'],
    ['/entries/0/proof?size=1', 400, 'invalid-request'],
  ])('%s is answered %i %s', async (path, status, problem) => {
    expect(await audit.call('GET', path)).toMatchObject({
      status,
      body: { type: `/problems/${problem}`, detail: expect.stringMatching(/\w/) },
    });
  });

  test('is refused for a checkpoint that it came after', async () => {
    const [first] = signed;
    expect(await audit.call('GET', `/entries/${first!.size}/proof?tree_size=${first!.size}`)).toMatchObject({
      status: 404,
      body: { detail: `Entry ${first!.size} came after the checkpoint of ${first!.size} entries.` },
    });
  });
});

describe('a checkpoint', () => {
  test('is a note that the log’s key has signed, the newest one or of a size', async () => {
    const { status, body, headers } = await audit.call('GET', '/checkpoint');
    expect({ status, type: headers.get('content-type') }).toEqual({ status: 200, type: 'text/plain; charset=utf-8' });
    const key = parseVerifierKey(await audit.publicKey());
    expect(openCheckpoint(body, key).size).toBeGreaterThanOrEqual(signed.at(-1)!.size);
    for (const head of signed)
      expect(openCheckpoint(await audit.checkpoint(`?tree_size=${head.size}`), key)).toEqual(head);
  });

  test.each([
    ['?tree_size=999999', 404],
    ['?tree_size=0', 404],
    ['?cosigned=true', 404],
    ['?tree_size=1&cosigned=true', 400],
    ['?tree_size=x', 400],
  ])('%s is answered %i', async (query, status) => {
    expect((await audit.call('GET', `/checkpoint${query}`)).status).toBe(status);
  });

  test('takes nothing but a look: HEAD is answered without a body', async () => {
    const { status, body } = await audit.call('HEAD', '/checkpoint');
    expect({ status, body }).toEqual({ status: 200, body: null });
  });
});

describe('consistency', () => {
  test('is proven between any two checkpoints, from nothing, and up to the newest one', async () => {
    for (const first of signed) {
      for (const second of signed.filter(({ size }) => size >= first.size)) {
        const { hashes, ...sizes } = await audit.need('GET', `/consistency?first=${first.size}&second=${second.size}`);
        expect(sizes).toEqual({ first: first.size, second: second.size });
        verifyConsistency(first.size, second.size, first.root, second.root, hashes.map(bytes));
      }
    }
    expect(await audit.need('GET', `/consistency?first=0&second=${signed[0]!.size}`)).toEqual({
      first: 0,
      second: signed[0]!.size,
      hashes: [],
    });
    const newest = openCheckpoint(await audit.checkpoint(), parseVerifierKey(await audit.publicKey()));
    const upToNow = await audit.need('GET', `/consistency?first=${signed[0]!.size}`);
    verifyConsistency(signed[0]!.size, newest.size, signed[0]!.root, newest.root, upToNow.hashes.map(bytes));
  });

  test.each<[string, number, string]>([
    ['first=2&second=1', 400, 'query.first'],
    ['second=1', 400, 'query.first'],
    ['first=-1', 400, 'query.first'],
    ['first=a&second=b', 400, 'query.first'],
    ['first=1&second=', 400, 'query.second'],
  ])('%s is answered %i, with what is wrong', async (query, status, path) => {
    expect(await audit.call('GET', `/consistency?${query}`)).toMatchObject({
      status,
      body: { type: '/problems/invalid-request', errors: expect.arrayContaining([expect.objectContaining({ path })]) },
    });
  });

  test.each(['first=0&second=999999', 'first=999998&second=999999', 'first=999999'])(
    '%s, which was never signed, is not found',
    async (query) => {
      expect(await audit.call('GET', `/consistency?${query}`)).toMatchObject({
        status: 404,
        body: { type: '/problems/not-found' },
      });
    },
  );
});

describe('the public key', () => {
  test('is a C2SP verifier key of this organization’s log', async () => {
    const { status, body, headers } = await audit.call('GET', '/public-key');
    expect({ status, type: headers.get('content-type') }).toEqual({ status: 200, type: 'text/plain; charset=utf-8' });
    expect(body).toMatch(/^countersign\/[0-9a-f-]{36}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}\n$/);
    expect(parseVerifierKey(body.trim())).toMatchObject({ type: 'log' });
  });
});

describe('another organization', () => {
  test('has its own key, its own log, and no way to ours', async () => {
    const other = new AuditApi(
      system,
      (await system.need('POST', '/api/v1/organizations', { name: 'Other' })).owner_key,
    );
    const theirs = await system.until(async () => {
      const { status, body } = await other.call('GET', '/checkpoint');
      return status === 200 && openCheckpoint(body, parseVerifierKey(await other.publicKey()));
    }, 'their log is sealed');
    expect(theirs.origin).not.toBe(signed[0]!.origin);
    expect(theirs.size).toBe(2);
    // An organization and its key are made, and sealed, together: there never was a log of one entry.
    expect(await other.call('GET', '/entries/0/proof?tree_size=1')).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('no checkpoint of 1') },
    });
    expect(await other.call('GET', '/consistency?first=1&second=2')).toMatchObject({ status: 404 });
    for (const seq of [2, signed.at(-1)!.size - 1])
      expect(await other.call('GET', `/entries/${seq}/proof`)).toMatchObject({ status: 404 });
    const [mine, yours] = [await other.proof(0), await audit.proof(0)];
    expect(mine.leaf_hash).not.toBe(yours.leaf_hash);
    for (const { size } of signed.slice(1))
      expect((await other.call('GET', `/checkpoint?tree_size=${size}`)).status).toBe(404);
  });
});

describe('a log of which nothing was sealed yet', () => {
  test('is unavailable for now, and says when to ask again', async () => {
    await system.stopWorker();
    const young = new AuditApi(
      system,
      (await system.need('POST', '/api/v1/organizations', { name: 'Young' })).owner_key,
    );
    for (const path of ['/checkpoint', '/entries/0/proof', '/consistency?first=0', '/public-key']) {
      const { status, body, headers } = await young.call('GET', path);
      expect({ path, status, type: body.type, wait: headers.get('retry-after') }).toEqual({
        path,
        status: 503,
        type: '/problems/unavailable',
        wait: '2',
      });
      expect(body.detail).toContain('sealed');
    }
    expect((await young.entries()).map(({ seq }) => seq)).toEqual([null, null]);
    await system.startWorker();
  });
});

describe('auditors of a team', () => {
  test('prove its entries, and no others', async () => {
    await system.need('POST', '/api/v1/teams', { id: 'lab', name: 'Lab' });
    const ada = new AuditApi(system, await system.person('lab', 'ada', ['auditor']));
    const all = await audit.sealed();
    const [mine, others] = [all.find(({ team_id }) => team_id === 'lab'), all.find(({ team_id }) => team_id === null)];
    expect((await ada.proof(mine?.seq ?? -1)).seq).toBe(mine?.seq);
    expect(await ada.call('GET', `/entries/${others?.seq}/proof`)).toMatchObject({ status: 403 });
    expect((await audit.entries({ action: 'access.denied', actor: 'ada' })).map(({ resource }) => resource.id)).toEqual(
      ['GET /api/v1/audit/entries/{seq}/proof'],
    );
    expect(openCheckpoint(await ada.checkpoint(), parseVerifierKey(await ada.publicKey())).size).toBeGreaterThan(0);
  });
});
