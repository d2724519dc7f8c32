/** The demo cannot go on, for a reason that whoever started it can do something about. The message says what. */
export class DemoProblem extends Error {
  readonly code = 'demo-problem';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DemoProblem';
  }
}
