/** A command cannot be carried out, for a reason that whoever gave it can do something about. The message says what. */
export class CommandRefused extends Error {
  readonly code = 'command-refused';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandRefused';
  }
}
