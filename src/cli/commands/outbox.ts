import { ApprovalRow } from '../../approvals/entities.ts';
import { recordIntent } from '../../approvals/intents.ts';
import type { Config } from '../../config.ts';
import { UnlockedKeys } from '../../platform/crypto/vault.ts';
import { isUuid, newId } from '../../platform/ids.ts';
import type { Transaction } from '../../platform/unit-of-work.ts';
import { type Application, withApplication } from '../application.ts';
import { type FailedMessage, failedMessages, failedMessagesById, putBack } from '../failed-messages.ts';
import { OPERATOR } from '../operator.ts';
import { say } from '../output.ts';
import { CommandRefused } from '../refusal.ts';

const SHOWN_AT_MOST = 1_000;
/** Mails that ask somebody to decide; a reminder does the same with a new link. */
const ASKING = new Set(['ask', 'remind', 'escalate', 'reassign']);

/** Lists deliveries that were given up. */
export async function listFailed(config: Config, options: { readonly json?: boolean }): Promise<void> {
  const messages = await withApplication(config, ({ relayDatabase }) => failedMessages(relayDatabase, SHOWN_AT_MOST));
  if (options.json) return say(JSON.stringify(messages, null, 2));
  if (messages.length === 0) return say('Nothing was given up.');
  for (const message of messages)
    say(
      `${message.id}  ${message.failedAt}  ${message.channel.padEnd(8)} ${(message.error ?? '').padEnd(20)} ${aboutWhat(message)}`,
    );
  say(
    `\n${messages.length}${messages.length === SHOWN_AT_MOST ? ' or more' : ''} given up. \`npx countersign outbox retry <id>\` or \`--all\` tries again.`,
  );
}

/** Tries deliveries again that were given up. */
export async function retryFailed(
  config: Config,
  ids: readonly string[],
  options: { readonly all?: boolean },
): Promise<void> {
  if (ids.length === 0 && !options.all)
    throw new CommandRefused('Say which: ids as `npx countersign outbox failed` lists them, or --all.');
  for (const id of ids)
    if (!isUuid(id))
      throw new CommandRefused(`“${id}” is no id of a delivery; \`npx countersign outbox failed\` lists them.`);
  await withApplication(config, async (application) => {
    const { relayDatabase } = application;
    const messages = options.all
      ? await failedMessages(relayDatabase, SHOWN_AT_MOST)
      : await failedMessagesById(relayDatabase, ids);
    for (const message of messages) say(`${message.id}: ${await retry(application, message)}`);
    const unknown = ids.filter((id) => !messages.some((message) => message.id === id));
    if (unknown.length > 0)
      throw new CommandRefused(`Not among the deliveries that were given up: ${unknown.join(', ')}.`);
    if (messages.length === 0) say('Nothing was given up.');
  });
}

async function retry(application: Application, message: FailedMessage): Promise<string> {
  if (message.channel !== 'mail') {
    await onRecord(application, message, (tx) => putBack(tx.em, message.id));
    return 'will be tried again at once.';
  }
  if (isAsk(message)) return askAgain(application, message);
  return 'cannot be sent again. The text of a mail is destroyed when it is given up, since it may hold a link.';
}

function isAsk({ reference }: FailedMessage): boolean {
  return reference['kind'] === 'approval' && ASKING.has(String(reference['purpose']));
}

/** The old mail is gone; what it was for is not. */
function askAgain(application: Application, message: FailedMessage): Promise<string> {
  const approval = String(message.reference['approval']);
  return onRecord(application, message, async (tx) => {
    const request = await tx.em.findOneOrFail(ApprovalRow, { id: approval, organization: message.organization });
    tx.settle(message.id);
    if (request.state !== 'pending')
      return `dropped. The request ${approval} is ${request.state.replaceAll('_', ' ')}: nobody has to be asked any more.`;
    recordIntent(tx, new UnlockedKeys(new Map()), {
      id: newId(tx.at),
      approval,
      kind: 'remind',
      person: null,
      channel: 'system',
      command: { stage: Number(message.reference['stage']), revision: request.revision },
    });
    return `everybody who has not answered is reminded of the request ${approval} within half a minute, with a new link.`;
  });
}

function onRecord<T>(
  { work }: Application,
  { id, organization, channel }: FailedMessage,
  again: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return work.write({ organization, actor: OPERATOR, requestId: null }, async (tx) => {
    tx.record({ action: 'message.retried', resource: { type: 'message', id }, detail: { channel } });
    return again(tx);
  });
}

function aboutWhat({ organization, reference }: FailedMessage): string {
  const members = Object.entries(reference).flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`]));
  return [`organization=${organization}`, ...members].join(' ');
}
