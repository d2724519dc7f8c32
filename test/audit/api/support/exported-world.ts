import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { runCli } from '../../../cli/support/run-cli.ts';
import { startTestSystem, type TestSystem } from '../../../support/system.ts';
import { AuditApi, type Export } from './audit-api.ts';

/** A system with a few entries in its audit log, a bundle of all of them, and a folder for files. */
export class ExportedWorld {
  readonly system: TestSystem;
  readonly audit: AuditApi;
  readonly folder: string;
  readonly key: string;
  /** What was asked for, and the file that came of it. */
  made: Export;
  bundle: Buffer;

  private constructor(parts: {
    system: TestSystem;
    audit: AuditApi;
    folder: string;
    key: string;
    made: Export;
    bundle: Buffer;
  }) {
    this.system = parts.system;
    this.audit = parts.audit;
    this.folder = parts.folder;
    this.key = parts.key;
    this.made = parts.made;
    this.bundle = parts.bundle;
  }

  static async open(): Promise<ExportedWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-export-'));
    const system = await startTestSystem();
    const audit = new AuditApi(system);
    await system.need('POST', '/api/v1/teams', { id: 'research', name: 'Research' });
    for (const user of ['ada', 'max', 'kim']) await system.person('research', user, ['member']);
    const made = await audit.exported();
    const [bundle, key] = [await audit.bundle(made), await audit.publicKey()];
    return new ExportedWorld({ system, audit, folder, key, made, bundle });
  }

  async close(): Promise<void> {
    await this.system.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** @returns its path */
  async file(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, content);
    return path;
  }

  /** As an auditor does it: no configuration, no database, no network. */
  async verify(content: string | Uint8Array, more: readonly string[] = [], publicKey = this.key) {
    const path = await this.file('bundle.jsonl', content);
    return runCli(['audit', 'verify', path, '--key', publicKey, ...more], {});
  }

  async asAdmin(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.system.databaseAdminUrl });
    await client.connect();
    try {
      const result = await client.query(sql, values);
      return Array.isArray(result) ? [] : result.rows;
    } finally {
      await client.end();
    }
  }
}
