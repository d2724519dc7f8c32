import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import proto, { type temporal } from '@temporalio/proto';

const HistoryMessage = proto.temporal.api.history.v1.History;

export type History = temporal.api.history.v1.IHistory;

export interface StoredHistory {
  /** Such as `v1/reject`. */
  readonly name: string;
  readonly workflowId: string;
  readonly history: History;
}

/** A history as plain JSON: enumerations by name, 64-bit numbers as text, bytes as base64. */
export function historyToObject(history: History): object {
  return HistoryMessage.toObject(HistoryMessage.fromObject(history), { bytes: String, enums: String, longs: String });
}

/** Every history that was recorded with this version of the workflows. */
export async function storedHistories(version: string): Promise<StoredHistory[]> {
  const folder = new URL(`../${version}/`, import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).toSorted();
  return Promise.all(
    files.map(async (file) => {
      const history = HistoryMessage.fromObject(JSON.parse(await readFile(new URL(file, folder), 'utf8')));
      const workflowId = history.events[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? '';
      return { name: `${version}/${file.replace('.json', '')}`, workflowId, history };
    }),
  );
}

/** The versions of which there are histories. */
export async function storedVersions(): Promise<string[]> {
  const entries = await readdir(fileURLToPath(new URL('..', import.meta.url)), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && /^v\d+$/.test(entry.name)).map((entry) => entry.name);
}
