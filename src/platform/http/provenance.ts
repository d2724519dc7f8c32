import type { Request, Response } from 'express';
import { MAX_USER_AGENT } from '../request-source.ts';
import type { Origin } from '../unit-of-work.ts';
import { requestIdOf } from './request-id.ts';

/** What the audit log is told of the request itself, whoever sent it. */
export type Provenance = Pick<Origin, 'requestId' | 'source'> & { readonly requestId: string };

/** Which request it is, and where it came from. */
export function provenanceOf(request: Request, response: Response): Provenance {
  const userAgent = request.get('user-agent')?.slice(0, MAX_USER_AGENT) ?? null;
  return { requestId: requestIdOf(response), source: { address: request.ip ?? null, userAgent } };
}
