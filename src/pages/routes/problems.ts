import type { RequestHandler } from 'express';
import { ProblemError } from '../../platform/errors.ts';
import { PROBLEM_TYPES, problemBody, problemCode } from '../../platform/http/problems.ts';
import { inline } from '../docs/prose.ts';
import { renderPage } from '../html.ts';
import { problemPage } from '../message-page.ts';

/** `/problems/<code>`: what the `type` of a problem leads to, for people and for programs. */
export const problemRoute: RequestHandler<{ code: string }> = (request, response) => {
  const code = problemCode(request.params.code);
  if (!code)
    throw new ProblemError('not-found', 'There is no such type of problem. `/docs` lists those that there are.');
  const { title, status, meaning, remedy } = PROBLEM_TYPES[code];
  const type = `/problems/${code}`;
  response.vary('Accept');
  if (request.accepts(['json', 'html']) === 'json') return void response.json({ type, title, status, meaning, remedy });
  const example = problemBody(
    new ProblemError(code, 'What went wrong this time.'),
    '019ab2c4-5d6e-7f80-9a1b-2c3d4e5f6071',
  );
  response
    .type('html')
    .send(
      renderPage(problemPage({ type, title, status, meaning: inline(meaning), whatToDo: inline(remedy), example })),
    );
};
