import { hash } from 'node:crypto';
import type { MasterKey } from '../platform/crypto/master-key.ts';
import type { UsageEvent } from './event-reader.ts';
import { ALL_TOKEN_KINDS } from './rules/token-kinds.ts';

/** What an event is recognized by when it comes again, each 16 bytes written as a UUID. */
export interface EventIdentity {
  /** Of `(source, id)`. */
  readonly key: string;
  /** Of everything else that it says. */
  readonly content: string;
}

/**
 * Makes identities for the events of one organization. Both hashes are keyed: ids that callers chose may say something about
 * people, and could otherwise be guessed and confirmed.
 */
export class EventIdentities {
  readonly #secret: string;

  constructor(master: MasterKey, organization: string) {
    this.#secret = master.lookupHash('usage event', organization).toString('base64');
  }

  /** @param place internal ids of team and person: an alias may be given to somebody else one day */
  of(event: UsageEvent, place: { readonly team: string; readonly person: string }): EventIdentity {
    const { provider, cost, latencyMs, success, occurredAt, metadata } = event;
    const content = [
      place.team,
      place.person,
      provider,
      ...usedIn(event),
      cost?.value.toFixed() ?? null,
      cost?.currency ?? null,
      latencyMs,
      success,
      occurredAt.getTime(),
      metadata,
    ];
    return {
      key: this.#hash('key', JSON.stringify([event.source, event.id])),
      content: this.#hash('content', JSON.stringify(content)),
    };
  }

  /** Half of a SHA-256: a keyed prefix and a truncated result leave nothing to extend or to guess. */
  #hash(purpose: string, text: string): string {
    const hex = hash('sha256', `${this.#secret}\n${purpose}\n${text}`, 'hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
  }
}

/**
 * What the event says was used. Kinds without tokens are left out, and of a provider's answer what it says itself is taken: an
 * event that comes again after an upgrade, which knows more kinds and reads more of answers, is the same.
 */
function usedIn({ model, tokens, batched, answer }: UsageEvent): unknown[] {
  if (answer) return [answer.model, answer.usage, answer.batched];
  return [model, ALL_TOKEN_KINDS.flatMap((kind) => (tokens[kind] ? [[kind, tokens[kind]]] : [])), batched];
}
