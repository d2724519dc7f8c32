import type { Response } from 'express';
import type { Html } from '../../pages/html.ts';
import { sendPage } from '../../pages/routes/send-page.ts';
import { ProblemError } from '../../platform/errors.ts';
import type { Denials } from '../../platform/http/denials.ts';
import type { Origin } from '../../platform/unit-of-work.ts';
import type { DecisionKind } from '../rules.ts';
import type { Confirmed, StepUp } from '../step-up.ts';
import { type FieldErrors, readSubmission, type Submission, type Typed } from './decision-fields.ts';
import { CODE_ERRORS } from './form-errors.ts';
import type { PageDecision, PageDecisions, Taken } from './page-decisions.ts';

/** What happened just before a page is shown. */
export interface PageMoment {
  /** The decision was made with the request before this one. */
  readonly justDecided?: boolean;
  readonly typed?: Typed;
  readonly errors?: FieldErrors;
}

/** A page with a decision's form, as it stands at one moment. */
export interface DecisionPage extends Confirmed {
  /** Where the form is sent to, and where its outcome is then shown. */
  readonly path: string;
  /** `recorded`: the person has decided, and it waits to be carried out. */
  readonly state: 'open' | 'recorded' | 'over';
  /** A decision that comes although it is over is put on record as late. */
  readonly takesLate: boolean;
  /** What the person has decided, where it counts. */
  readonly decided: DecisionKind | null;
  readonly needsCode: boolean;
  render(moment: PageMoment): Html;
}

/** What the two kinds of pages, behind links and in the inbox, do each in their own way. */
export interface DecisionDoor {
  readonly origin: Origin;
  /** Method and pattern of the page's address, for the audit log. */
  readonly route: string;
  look(): Promise<DecisionPage>;
  /** How a decision is recorded, and what is used up with it. */
  recording(decision: DecisionSubmission): Pick<PageDecision, 'channel' | 'intent' | 'revision' | 'alsoRecord'>;
}

export type DecisionSubmission = Extract<Submission, { asks: 'decision' }>;

/** Answers a form that was sent: a code is mailed, a decision taken, or the form shown again with what is wrong. */
export class DecisionFlow {
  readonly #decisions: PageDecisions;
  readonly #stepUp: StepUp;
  readonly #denials: Denials;

  constructor(parts: { decisions: PageDecisions; stepUp: StepUp; denials: Denials }) {
    this.#decisions = parts.decisions;
    this.#stepUp = parts.stepUp;
    this.#denials = parts.denials;
  }

  async answer(response: Response, fields: Readonly<Record<string, string>>, door: DecisionDoor): Promise<void> {
    const page = await door.look();
    const submission = readSubmission(fields, page.needsCode);
    if (submission.asks === 'decision' && (page.state === 'open' || page.takesLate))
      return this.#decide(response, door, page, submission);
    if (page.state !== 'open') return sendOutcome(response, page, submission);
    if (submission.asks === 'correction') return sendPage(response, 400, page.render(submission));
    return this.#mailCode(response, door, page, submission.typed);
  }

  async #decide(
    response: Response,
    door: DecisionDoor,
    page: DecisionPage,
    submission: DecisionSubmission,
  ): Promise<void> {
    const { approval, person, door: through } = page;
    const { decision, comment } = submission;
    const code = page.needsCode ? submission.code : null;
    const taken = await this.#decisions.take(door.origin, {
      approval,
      person,
      door: through,
      decision,
      comment,
      code,
      ...door.recording(submission),
    });
    if (taken.outcome === 'taken') return redirectToOutcome(response, page);
    if (taken.outcome === 'refused')
      await this.#denials.note(door.origin, { route: door.route, params: { id: approval } }, taken.problem);
    // Looked at anew: what stands now is the answer, whichever of several attempts has brought it about.
    const after = await door.look();
    if (after.state === 'open') return sendRefusal(response, after, submission.typed, taken);
    sendOutcome(response, after, submission);
  }

  async #mailCode(response: Response, door: DecisionDoor, page: DecisionPage, typed: Typed): Promise<void> {
    const problem = page.needsCode ? await this.#tryToMailCode(door, page) : null;
    const after = await door.look();
    if (after.state !== 'open') return sendOutcome(response, after, null);
    if (!problem) return sendPage(response, 200, after.render({ typed }));
    response.set('Retry-After', String(problem.extension.retryAfterSeconds));
    sendPage(response, 429, after.render({ typed, errors: { code: problem.message } }));
  }

  /** @returns why none was mailed, where there were too many; null also where the person is no longer asked */
  async #tryToMailCode({ origin, route }: DecisionDoor, confirmed: Confirmed): Promise<ProblemError | null> {
    try {
      await this.#stepUp.mail(origin, confirmed);
    } catch (error) {
      if (!(error instanceof ProblemError) || (error.code !== 'rate-limited' && error.code !== 'not-an-approver'))
        throw error;
      if (error.code === 'rate-limited') return error;
      await this.#denials.note(origin, { route, params: { id: confirmed.approval } }, error);
    }
    return null;
  }
}

/** 303: a reload of what follows sends nothing again. */
function redirectToOutcome(response: Response, { path }: DecisionPage): void {
  response.redirect(303, `${path}?decided`);
}

/** The form took no decision: what stands instead is shown. A repetition of the decision that was taken is answered like the first. */
function sendOutcome(response: Response, page: DecisionPage, submission: Submission | null): void {
  if (submission?.asks === 'decision' && submission.decision === page.decided) return redirectToOutcome(response, page);
  sendPage(response, page.state === 'recorded' ? 202 : 409, page.render({}));
}

/** The request still waits for this person: they are told what to do. */
function sendRefusal(
  response: Response,
  page: DecisionPage,
  typed: Typed,
  taken: Exclude<Taken, { outcome: 'taken' }>,
): void {
  switch (taken.outcome) {
    case 'unavailable':
      throw taken.problem;
    case 'code-refused':
      return sendPage(response, 422, page.render({ typed, errors: { code: CODE_ERRORS[taken.fault] } }));
    case 'refused':
      return sendPage(response, 409, page.render({ typed, errors: { form: taken.problem.message } }));
  }
}
