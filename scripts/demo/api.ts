import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { DemoProblem } from './problem.ts';
import type { Settings } from './settings.ts';

/** Between two tries while the system, or a process of it, is being replaced. */
const AWAY_MS = 1_000;

const approverSchema = z.object({ user_id: z.string().nullable(), reason: z.string() });
const stageSchema = z.object({
  name: z.string(),
  state: z.string(),
  escalated: z.boolean(),
  approvers: z.array(approverSchema),
});
export const approvalSchema = z.object({
  id: z.string(),
  title: z.string().nullable(),
  state: z.string(),
  outcome_reason: z.string().nullable(),
  stages: z.array(stageSchema),
});
export const timelineSchema = z.object({
  items: z.array(
    z.object({
      at: z.string(),
      type: z.string(),
      user_id: z.string().nullish(),
      channel: z.string().optional(),
      detail: z.string(),
    }),
  ),
});

export type Approval = z.infer<typeof approvalSchema>;

const problemSchema = z.object({
  detail: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly etag: string | null;
}

/** The system over HTTP, as any other program reaches it. */
export class DemoApi {
  readonly settings: Settings;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /** @throws DemoProblem where nothing answers */
  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const { url, key } = this.settings;
    try {
      const response = await fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = /json/.test(response.headers.get('content-type') ?? '');
      return {
        status: response.status,
        body: isJson && text !== '' ? JSON.parse(text) : text,
        etag: response.headers.get('etag'),
      };
    } catch (error) {
      throw new DemoProblem(
        `Nothing answers at ${url}. Start the system in another terminal (\`npm start\`), or say where it runs: COUNTERSIGN_URL=<url>.`,
        { cause: error },
      );
    }
  }

  /** @throws DemoProblem where the answer is not a success */
  async need<Schema extends z.ZodType>(
    schema: Schema,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<z.infer<Schema>> {
    const answer = await this.send(method, path, body);
    if (answer.status === 401)
      throw new DemoProblem(
        'The key in COUNTERSIGN_KEY is not known there. Take the one that this system printed at its first start, or make another: `npx countersign key create-operator`.',
      );
    if (answer.status >= 300)
      throw new DemoProblem(`${method} ${path} answered ${answer.status}: ${reasonIn(answer.body)}`);
    return schema.parse(answer.body);
  }

  /** A request as it is now. */
  approval(id: string): Promise<Approval> {
    return this.need(approvalSchema, 'GET', `/api/v1/approvals/${id}`);
  }

  /** Waits (long polls) until something holds for a request. */
  async waitUntil(
    id: string,
    holds: (approval: Approval) => boolean,
    giveUpAfterMs: number,
    what: string,
  ): Promise<Approval> {
    const giveUpAt = Date.now() + giveUpAfterMs;
    for (let etag: string | null = null; Date.now() < giveUpAt;) {
      const answer = await this.send(
        'GET',
        `/api/v1/approvals/${id}?wait=PT10S`,
        undefined,
        etag === null ? {} : { 'if-none-match': etag },
      );
      if (answer.status === 304) continue;
      if (answer.status >= 500) {
        await pause(AWAY_MS);
        continue;
      }
      const approval = approvalSchema.parse(answer.body);
      if (holds(approval)) return approval;
      etag = answer.etag;
    }
    throw new DemoProblem(
      `${what} did not happen within ${Math.round(giveUpAfterMs / 1000)} s. Is a worker running? \`npx countersign doctor\` looks.`,
    );
  }
}

function reasonIn(body: unknown): string {
  const problem = problemSchema.safeParse(body);
  if (!problem.success) return 'no reason given';
  const errors = problem.data.errors?.map(({ path, message }) => `${path} ${message}`) ?? [];
  return [problem.data.detail, ...errors].join(' · ');
}
