import type { StepUpView } from '../../pages/decision-form.ts';
import type { PersonProfile } from '../../tenancy/service.ts';
import type { CodeState } from '../step-up.ts';
import type { Typed } from './decision-fields.ts';

/** The part of the form that asks for a code; null where none is needed. */
export function stepUpView(
  code: CodeState | null,
  { email }: PersonProfile,
  typed: Typed | undefined,
): StepUpView | null {
  return code && { mailedTo: code.mailed && email !== null ? maskAddress(email) : null, code: typed?.code ?? '' };
}

/** An address as whoever holds the link may see it: enough to know which mailbox to look into. */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const local = address.slice(0, at);
  const [first = ''] = local;
  const last = local.length > 2 ? (/.$/u.exec(local)?.[0] ?? '') : '';
  return `${first}…${last}${address.slice(at)}`;
}
