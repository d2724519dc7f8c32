/** RFC 5424, 6.2.1: facility 13 is "log audit". */
const FACILITY_LOG_AUDIT = 13;
const VERSION = 1;
const APP_NAME = 'countersign';
const NIL = '-';
const LONGEST = { hostname: 255, msgid: 32 } as const;

/** By the severity of an OCSF event: informational, low (notice), medium (warning). */
const SEVERITIES: Readonly<Record<number, number>> = { 1: 6, 2: 5, 3: 4 };

export interface SyslogMessage {
  readonly at: Date;
  /** Who sends it. */
  readonly hostname: string;
  /** What kind of message it is. */
  readonly msgid: string;
  /** The severity of the OCSF event. */
  readonly severityId: number;
  /** Sent as JSON in ASCII, so that nobody has to know its encoding. */
  readonly event: object;
}

/**
 * One message in a stream of them: its length in octets, a space, the message (RFC 6587, 3.4.1; RFC 5425, 4.3), which is as
 * RFC 5424 says.
 */
export function syslogFrame({ at, hostname, msgid, severityId, event }: SyslogMessage): string {
  const priority = FACILITY_LOG_AUDIT * 8 + (SEVERITIES[severityId] ?? 6);
  const header = [
    `<${priority}>${VERSION}`,
    at.toISOString(),
    printable(hostname, LONGEST.hostname),
    APP_NAME,
    NIL,
    printable(msgid, LONGEST.msgid),
  ].join(' ');
  const message = `${header} ${NIL} ${ascii(JSON.stringify(event))}`;
  return `${message.length} ${message}`;
}

/** PRINTUSASCII (RFC 5424, 6): anything else would end the field. */
function printable(text: string, longest: number): string {
  return text.replaceAll(/[^\u0021-\u007e]/g, '').slice(0, longest) || NIL;
}

function ascii(json: string): string {
  return json.replaceAll(
    /[^\u0020-\u007e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
