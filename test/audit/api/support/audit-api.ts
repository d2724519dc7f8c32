import type { TestSystem } from '../../../support/system.ts';
import type { ApiAnswer } from '../../../support/api-caller.ts';

export interface Entry {
  readonly id: string;
  readonly seq: number | null;
  readonly at: string;
  readonly actor: {
    readonly type: string;
    readonly id: string | null;
    readonly ref: string | null;
    readonly key: string | null;
  };
  readonly on_behalf_of: string | null;
  readonly on_behalf_of_ref: string | null;
  readonly action: string;
  readonly resource: { readonly type: string; readonly id: string | null; readonly ref: string };
  readonly outcome: string;
  readonly team_id: string | null;
  readonly team_ref: string | null;
  readonly request_id: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly source: { readonly address: string | null; readonly user_agent: string | null } | null;
}

export interface Proof {
  readonly seq: number;
  readonly leaf_index: number;
  readonly tree_size: number;
  readonly leaf: string;
  readonly leaf_hash: string;
  readonly hashes: readonly string[];
  readonly checkpoint: string;
}

export interface Export {
  readonly id: string;
  readonly state: 'preparing' | 'ready' | 'failed';
  readonly url: string | null;
  readonly from: string;
  readonly to: string;
  readonly entries: number | null;
  readonly tree_size: number | null;
  readonly bytes: number | null;
  readonly sha256: string | null;
  readonly error: string | null;
  readonly expires_at: string;
}

/** The audit log of an organization, as callers see it. */
export class AuditApi {
  readonly system: TestSystem;
  readonly #key: string | undefined;

  constructor(system: TestSystem, key?: string) {
    this.system = system;
    this.#key = key;
  }

  call(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<ApiAnswer> {
    return this.system.api(method, `/api/v1/audit${path}`, body, this.#key, headers);
  }

  async need(method: string, path: string, body?: object): Promise<ApiAnswer['body']> {
    return this.system.need(method, `/api/v1/audit${path}`, body, this.#key);
  }

  async entries(filter: Readonly<Record<string, string>> = {}): Promise<Entry[]> {
    return (await this.need('GET', `/entries?${new URLSearchParams({ limit: '200', ...filter }).toString()}`)).items;
  }

  /** Waits until everything that was written by now is sealed and proven. */
  async sealed(): Promise<Entry[]> {
    const all = await this.system.until(async () => {
      const entries = await this.entries();
      return entries.length > 0 && entries.every(({ seq }) => seq !== null) && entries;
    }, 'every entry is sealed');
    const last = Math.max(...all.map(({ seq }) => seq ?? 0));
    await this.system.until(
      async () => (await this.call('GET', `/entries/${last}/proof`)).status === 200,
      'the last entry is proven',
    );
    return all;
  }

  proof(seq: number, more = ''): Promise<Proof> {
    return this.need('GET', `/entries/${seq}/proof${more}`);
  }

  checkpoint(more = ''): Promise<string> {
    return this.need('GET', `/checkpoint${more}`);
  }

  async publicKey(): Promise<string> {
    return (await this.need('GET', '/public-key')).trim();
  }

  /** Asks for a bundle, and waits until it is made. */
  async exported(range: { from?: string; to?: string } = {}): Promise<Export> {
    const { id } = await this.need('POST', '/exports', {
      from: '2020-01-01T00:00:00Z',
      to: new Date().toISOString(),
      ...range,
    });
    return this.finished(id);
  }

  finished(id: string, timeoutMs?: number): Promise<Export> {
    return this.system.until(
      async () => {
        const read: Export = await this.need('GET', `/exports/${id}`);
        return read.state !== 'preparing' && read;
      },
      'the export is finished',
      timeoutMs,
    );
  }

  /** The bundle, as it stands at the address that the export names. */
  async bundle({ url }: Export): Promise<Buffer> {
    const response = await fetch(url ?? '', {
      headers: { authorization: `Bearer ${this.#key ?? this.system.ownerKey}` },
    });
    if (!response.ok) throw new Error(`the bundle was answered with ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  }
}
