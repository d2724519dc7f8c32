import type { FailurePage } from '../../platform/http/failure.ts';
import { PROBLEM_TYPES, problemCode } from '../../platform/http/problems.ts';
import { inline } from '../docs/prose.ts';
import { type Html, renderPage } from '../html.ts';
import { type MessageStatus, messagePage, problemPage } from '../message-page.ts';

const WITH_PAGE: Readonly<Record<MessageStatus, true>> = {
  403: true,
  404: true,
  410: true,
  429: true,
  500: true,
  503: true,
};

/** What a person sees where a page could not be shown. */
export const failurePage: FailurePage = (problem, retryAfter) => {
  const requestId = typeof problem['request_id'] === 'string' ? problem['request_id'] : null;
  if (hasPage(problem.status)) return renderPage(messagePage({ status: problem.status, requestId, retryAfter }));
  return renderPage(explanationOf(problem) ?? messagePage({ status: 500, requestId, retryAfter }));
};

function hasPage(status: number): status is MessageStatus {
  return status in WITH_PAGE;
}

/** What no page is written for (a form that is too large, an address that is malformed) is explained as the API explains it. */
function explanationOf(problem: { type: string }): Html | null {
  const code = problemCode(problem.type.replace('/problems/', ''));
  if (!code) return null;
  const { title, status, meaning, remedy } = PROBLEM_TYPES[code];
  return problemPage({
    type: problem.type,
    title,
    status,
    meaning: inline(meaning),
    whatToDo: inline(remedy),
    example: problem,
  });
}
