import { codeBlock } from '../components.ts';
import type { DocsSection } from '../docs-page.ts';
import { html } from '../html.ts';

const VERIFY = `curl -H "Authorization: Bearer $COUNTERSIGN_KEY" https://countersign.example/api/v1/audit/public-key > log.pub   # once; keep it
curl -H "Authorization: Bearer $COUNTERSIGN_KEY" -o bundle.jsonl "$URL"   # the url of a finished export
npx countersign audit verify bundle.jsonl --key log.pub`;

const WITNESS = `npx countersign audit witness-key --name witness.example.com --out witness.key
npx countersign audit witness --url https://countersign.example --api-key-file api.key --key-file witness.key --state witness.json`;

/** What the audit log holds, how an outsider checks it, and what it cannot prove by itself. */
export function auditSection(): DocsSection {
  return {
    id: 'audit-log',
    title: 'The audit log',
    body: html`<h3>What is recorded</h3>
<p>Every change, every request that was denied, and every read that takes care (exports, approvers’ reasons) is one entry, written in the transaction that makes the change: neither is there without the other. An entry says who, on whose behalf, what, on what, with which outcome, for which team, and where the request came from; <a href="#audit-actions">these are all actions</a>. It holds ids, codes and counts, and nothing that anybody wrote. Where a request came from is kept under the key of the person it tells about: once they are erased nobody reads it any more, their ids are null, and every proof of the entry still holds.</p>
<h3>How to verify it</h3>
<p>Each organization’s entries are the leaves of a Merkle tree (RFC 6962). A second or two after an entry was written it has its place in it (<code>seq</code>), and a checkpoint, which is the tree’s size and root, signed by the log’s key (C2SP tlog-checkpoint, Ed25519). From there on it cannot be changed, removed or moved without that being noticed:</p>
<ul>
<li><code>GET /api/v1/audit/entries/{seq}/proof</code> proves one entry: hash <code>leaf</code> with the <code>hashes</code>, and you arrive at the root that <code>checkpoint</code> signs.</li>
<li><code>GET /api/v1/audit/consistency</code> proves that a checkpoint you have kept is the beginning of today’s log.</li>
<li><code>POST /api/v1/audit/exports</code> makes a bundle: one file with every entry of a time, the proofs, the checkpoints and the key. It verifies without network or database:</li>
</ul>
${codeBlock('Verify a bundle', VERIFY)}
<p>The exit status is 0 and the count of entries where it is valid, 1 and the first entry that is wrong where it is not, 2 where the file is no bundle or the key none of a log. The verifier is one file without dependencies, <code>src/audit/verifier.ts</code>, meant to be read.</p>
<h3>What it cannot prove by itself</h3>
<p>Somebody who has the database and the log’s key can write another history and sign it, and every proof of it will hold. Two things stand against that, and both lie outside of their reach:</p>
<ul>
<li><strong>A checkpoint kept elsewhere.</strong> Fetch <code>GET /api/v1/audit/checkpoint</code> now and then and keep it; <code>audit verify --seen</code> says whether a bundle is of the same history.</li>
<li><strong>A witness.</strong> A second key, in other hands, that cosigns each checkpoint as long as it follows from all those before it. It refuses to sign a log that went back or forked, and keeps what proves it. Its signatures stand below the checkpoint; <code>audit verify --witness</code> demands one.</li>
</ul>
${codeBlock('Run a witness', WITNESS)}
<p>Nor does any proof say that something was recorded which never reached Countersign.</p>`,
  };
}
