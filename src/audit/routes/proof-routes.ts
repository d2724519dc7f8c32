import { type Answer, type Route, route } from '../../platform/http/route.ts';
import { formatLogProof } from '../notes/tlog-proof.ts';
import type { EntryProof, ProofQueries } from '../reading/proof-queries.ts';
import {
  checkpointQuery,
  consistencyQuery,
  consistencySchema,
  noteSchema,
  proofQuery,
  proofSchema,
  seqParams,
  tlogProofSchema,
  verifierKeySchema,
} from '../schemas.ts';
import { PATH, READ_SCOPE, TAG } from './common.ts';

const TEXT = 'text/plain';
const shared = { method: 'get', tag: TAG, scope: READ_SCOPE } as const;

/** What proves the log. */
export function proofRoutes(proofs: ProofQueries): Route[] {
  return [...inclusionRoutes(proofs), ...logRoutes(proofs)];
}

function inclusionRoutes(proofs: ProofQueries): Route[] {
  const entryPath = `${PATH}/entries/{seq}`;
  return [
    route({
      ...shared,
      path: `${entryPath}/proof`,
      summary: 'Prove an entry',
      description:
        'From `leaf` and `hashes` follows the root that `checkpoint` signs (RFC 6962, 2.1.1). The proof of an entry holds for ever, also after somebody it names was erased.',
      params: seqParams,
      query: proofQuery,
      answers: { 200: proofSchema },
      problems: ['not-found'],
      async handle({ caller, params, query }) {
        return { status: 200, body: presentProof(await proofs.proof(caller, params.seq, query.tree_size)) };
      },
    }),
    route({
      ...shared,
      path: `${entryPath}/tlog-proof`,
      summary: 'Prove an entry, as a file (C2SP tlog-proof)',
      mediaType: TEXT,
      description:
        'The same proof for tools that know the format. They take the entry itself from `leaf` of the other one.',
      params: seqParams,
      query: proofQuery,
      answers: { 200: tlogProofSchema },
      problems: ['not-found'],
      async handle({ caller, params, query }) {
        const { seq, hashes, checkpoint } = await proofs.proof(caller, params.seq, query.tree_size);
        return text(formatLogProof({ index: seq, hashes, checkpoint }));
      },
    }),
  ];
}

function logRoutes(proofs: ProofQueries): Route[] {
  return [
    route({
      ...shared,
      path: `${PATH}/checkpoint`,
      summary: 'Read a signed checkpoint',
      mediaType: TEXT,
      description:
        'Origin, size and root of the log, signed by its key and by witnesses (C2SP tlog-checkpoint). Keep one elsewhere: nothing before it can then be rewritten unnoticed, not even by whoever holds the key.',
      query: checkpointQuery,
      answers: { 200: noteSchema },
      problems: ['not-found'],
      async handle({ caller, query }) {
        return text(await proofs.checkpoint(caller, { size: query.tree_size, cosigned: query.cosigned === 'true' }));
      },
    }),
    route({
      ...shared,
      path: `${PATH}/consistency`,
      summary: 'Prove that the log only grew',
      query: consistencyQuery,
      answers: { 200: consistencySchema },
      problems: ['not-found'],
      async handle({ caller, query }) {
        const { first, second, hashes } = await proofs.consistency(caller, query.first, query.second);
        return { status: 200, body: { first, second, hashes: hashes.map(base64) } };
      },
    }),
    route({
      ...shared,
      path: `${PATH}/public-key`,
      summary: 'Read the key that signs the log',
      mediaType: TEXT,
      description:
        'Get it once and keep it: whoever asks for the key together with what it has signed believes whoever answers.',
      answers: { 200: verifierKeySchema },
      async handle({ caller }) {
        return text(`${await proofs.publicKey(caller)}\n`);
      },
    }),
  ];
}

function presentProof({ seq, treeSize, leaf, leafHash, hashes, checkpoint }: EntryProof): object {
  return {
    seq,
    leaf_index: seq,
    tree_size: treeSize,
    leaf: base64(Buffer.from(leaf)),
    leaf_hash: base64(leafHash),
    hashes: hashes.map(base64),
    checkpoint,
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function text(data: string): Answer {
  return { status: 200, content: { type: TEXT, data } };
}
