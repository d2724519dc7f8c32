import type { RequestHandler, Response } from 'express';
import { newId } from '../ids.ts';

/** Gives every request an id of its own, which answers, log and audit log carry. One sent by a client is not believed. */
export const giveRequestId: RequestHandler = (_request, response, next) => {
  const id = newId();
  response.locals['requestId'] = id;
  response.set('X-Request-Id', id);
  next();
};

export function requestIdOf(response: Response): string {
  return String(response.locals['requestId']);
}
