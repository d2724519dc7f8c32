import { isSpanContextValid, trace } from '@opentelemetry/api';
import { type Bindings, type ChildLoggerOptions, type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { describeError } from './describe-error.ts';
import { redact } from './redact.ts';

/**
 * The process's log: one JSON object a line on standard output, readable lines on a terminal. Whatever may be personal or
 * secret is taken out of every line, and errors keep their type, code and stack only (`describeError`).
 * @param logLevel pino's name of the least level that is written
 * @param destination where the lines go; standard output where none is given
 */
export function createLogger(
  { logLevel }: { readonly logLevel: string },
  destination: DestinationStream = standardOutput(),
): Logger {
  const logger = pino(
    {
      level: logLevel,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redact },
      serializers: { err: describeError, error: describeError },
      mixin: activeTrace,
    },
    destination,
  );
  return withRedactedChildren(logger);
}

/** pino's formatters do not see what a child logger carries along. Children of children inherit this. */
function withRedactedChildren(logger: Logger): Logger {
  // oxlint-disable-next-line typescript/unbound-method -- called below with the logger that is asked for a child
  const child: (this: Logger, bindings: Bindings, options?: ChildLoggerOptions) => Logger = logger.child;
  function redactedChild(this: Logger, bindings: Bindings, options?: ChildLoggerOptions): Logger {
    return child.call(this, redact(bindings), options);
  }
  return Object.assign(logger, { child: redactedChild });
}

/** Written at once, so that the last line before a crash is there. */
function standardOutput(): DestinationStream {
  return process.stdout.isTTY
    ? pretty({ colorize: true, sync: true, ignore: 'pid,hostname' })
    : pino.destination({ fd: 1, sync: true });
}

function activeTrace(): { traceId?: string } {
  const context = trace.getActiveSpan()?.spanContext();
  return context && isSpanContextValid(context) ? { traceId: context.traceId } : {};
}
