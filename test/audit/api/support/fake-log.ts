import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { signCheckpoint } from '../../../../src/audit/notes/checkpoint.ts';
import { formatVerifierKey, type SigningKey, signingKey } from '../../../../src/audit/notes/keys.ts';
import { leafHash } from '../../../../src/audit/merkle.ts';
import { proveConsistency } from '../../../../src/audit/tree/proofs.ts';
import { appendLeaves, nodesFromTiles } from '../../../../src/audit/tree/tiles.ts';

/** A history: the names of the entries, in their order. */
export type History = readonly string[];

export interface HandedIn {
  readonly tree_size: number;
  readonly cosignature: string;
}

/** A log that shows whatever history it is told to, signed with the same key: what an insider with the database and the key can do. */
export class FakeLog {
  readonly key: SigningKey;
  readonly handedIn: HandedIn[] = [];
  history: History;
  /** What a call is answered with instead. */
  answer: (method: string, path: string) => { status: number; body: string } | 'break-off' | null = () => null;
  /** Called before a cosignature is taken. */
  onHandedIn: () => Promise<void> = async () => undefined;
  readonly #server: Server;

  constructor(history: History) {
    this.history = history;
    this.key = signingKey('countersign/fake', randomBytes(32));
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get publicKey(): string {
    return formatVerifierKey(this.key);
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  checkpoint(history = this.history, key = this.key): string {
    return signCheckpoint({ origin: 'countersign/fake', size: history.length, root: treeOf(history).root }, key);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://fake');
    const instead = this.answer(request.method ?? '', pathname);
    if (instead === 'break-off') return void request.socket.destroy();
    const answer = instead ?? { status: 200, body: await this.#body(pathname, searchParams, request) };
    response
      .writeHead(answer.status, {
        'content-type': answer.status < 300 ? 'application/json' : 'application/problem+json',
      })
      .end(answer.body);
  }

  async #body(path: string, query: URLSearchParams, request: IncomingMessage): Promise<string> {
    switch (path) {
      case '/api/v1/audit/public-key':
        return `${this.publicKey}\n`;
      case '/api/v1/audit/checkpoint':
        return this.checkpoint();
      case '/api/v1/audit/consistency':
        return JSON.stringify({
          hashes: (await this.#consistency(Number(query.get('first')), Number(query.get('second')))).map((hash) =>
            Buffer.from(hash).toString('base64'),
          ),
        });
      default:
        await this.onHandedIn();
        this.handedIn.push(JSON.parse(await text(request)) as HandedIn);
        return '{}';
    }
  }

  #consistency(first: number, second: number): Promise<Uint8Array[]> {
    const { tiles } = treeOf(this.history);
    return proveConsistency(
      first,
      second,
      nodesFromTiles(async (wanted) =>
        wanted.map(({ level, index }) => tiles.get(`${level}/${index}`) ?? new Uint8Array()),
      ),
    );
  }
}

function treeOf(history: History): { root: Uint8Array; tiles: Map<string, Uint8Array> } {
  const { root, changed } = appendLeaves(
    0,
    [],
    history.map((name) => leafHash(Buffer.from(name))),
  );
  return { root, tiles: new Map(changed.map(({ level, index, hashes }) => [`${level}/${index}`, hashes])) };
}
