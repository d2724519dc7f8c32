import { Visitor } from '../../pages-flow/support/visitor.ts';
import type { ObservedWorld } from './world.ts';

/** Who takes part. Team ids and names are no personal data; all of this is. */
export const JANE = { id: 'jane.privatissima', name: 'Jane Privatissima', email: 'jane@privatissima-mail.test' };
export const BOSS = { id: 'boss.geheimrat', name: 'Boris Geheimrat', email: 'boris@geheimrat-mail.test' };
export const DEPUTY = { id: 'deputy.verschwiegen', name: 'Dora Verschwiegen', email: 'dora@verschwiegen-mail.test' };
export const GUEST = 'guest@zugereist-mail.test';

const WRITTEN = {
  title: 'Reise zur Kurklinik Sonnenblick',
  description: 'Wegen der Bandscheiben, wie besprochen',
  correction: 'Nur drei Wochen statt sechs',
  contextName: 'behandelnder_arzt',
  contextValue: 'Medizinalrat Haferkorn',
  stageName: 'Freigabe durch Boris persönlich',
  comments: [
    'Bitte das Attest nachreichen',
    'Genehmigt, gute Besserung',
    'Kommt gar nicht in Frage',
    'Zu spät, trotzdem einverstanden',
    'Ausnahmsweise ja',
  ],
  reason: 'Doch lieber Urlaub genommen',
  idempotencyKey: 'jane-privatissima-kur-2026',
  hookPath: 'geheimer-eingang-4711',
  stranger: 'fremde@unbekannt-mail.test',
  unknownUser: 'niemand.unbekannt',
};

/** Everything that must be found nowhere in plain. */
export const PERSONAL: readonly string[] = [
  ...[JANE, BOSS, DEPUTY].flatMap(({ id, name, email }) => [id, name, email]),
  GUEST,
  'jane.neu@privatissima-mail.test',
  ...Object.values(WRITTEN).flat(),
];

export interface Lived {
  readonly approvals: readonly string[];
  /** What whoever has it can use: keys, tokens, sessions, signing secrets. */
  readonly secrets: string[];
}

const TEAM = 'research';

/** The first half of a request's life: everything is asked and decided over the API, while no mail goes out. */
export async function liveWithoutMail(world: ObservedWorld): Promise<Lived> {
  const { api } = world.product;
  const secrets = [world.product.ownerKey];
  await api.need('PUT', '/api/v1/organization/settings', { step_up_amount: { value: '5000', currency: 'USD' } });
  const webhook = await api.need('POST', '/api/v1/webhooks', {
    url: `http://127.0.0.1:${world.receiver.port}/${WRITTEN.hookPath}`,
    events: ['*'],
  });
  secrets.push(webhook.secret);
  await api.need('POST', '/api/v1/teams', { id: TEAM, name: 'Research' });
  const keys: Record<string, string> = {};
  for (const { id, name, email } of [BOSS, DEPUTY]) keys[id] = await api.person(TEAM, id, ['manager'], { name, email });
  keys[JANE.id] = await api.person(TEAM, JANE.id, ['member'], {
    name: JANE.name,
    email: JANE.email,
    manager_id: BOSS.id,
  });
  secrets.push(...Object.values(keys));
  const bossDecides = (approval: string, decision: string, comment: string) =>
    api.decide(approval, keys[BOSS.id] ?? '', decision, { comment });

  const stages = [
    { name: WRITTEN.stageName, approvers: [{ user_id: BOSS.id }], timeout: 'P3D' },
    { approvers: [{ email: GUEST }, { user_id: DEPUTY.id }] },
  ];
  const request = {
    team_id: TEAM,
    requester_id: JANE.id,
    title: WRITTEN.title,
    description: WRITTEN.description,
    context: { [WRITTEN.contextName]: WRITTEN.contextValue },
    chain: { stages },
  };
  const created = await api.call('POST', '/api/v1/approvals', { kind: 'spend', ...request }, keys[JANE.id], {
    'idempotency-key': WRITTEN.idempotencyKey,
  });
  const { id } = created.body;
  await bossDecides(id, 'request_changes', WRITTEN.comments[0]!);
  await api.need('POST', `/api/v1/approvals/${id}/resubmit`, { description: WRITTEN.correction }, keys[JANE.id]);
  await bossDecides(id, 'approve', WRITTEN.comments[1]!);

  const other = { team_id: TEAM, requester_id: JANE.id, title: WRITTEN.title };
  const withdrawn = await api.ask({ ...other, chain: { stages: [{ approvers: [{ user_id: BOSS.id }] }] } });
  await api.need('POST', `/api/v1/approvals/${withdrawn.id}/withdraw`, { reason: WRITTEN.reason });
  await bossDecides(withdrawn.id, 'approve', WRITTEN.comments[3]!);

  const reassigned = await api.ask({ ...other, chain: { stages: [{ approvers: [{ user_id: BOSS.id }] }] } });
  await api.need('POST', `/api/v1/approvals/${reassigned.id}/reassign`, {
    from_user_id: BOSS.id,
    to_user_id: DEPUTY.id,
  });
  await api.need('POST', `/api/v1/approvals/${reassigned.id}/remind`, {});

  const large = await api.ask({
    ...other,
    amount: { value: '9000', currency: 'USD' },
    chain: { stages: [{ approvers: [{ role: 'manager' }] }] },
  });
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  await api.need('PUT', `/api/v1/users/${BOSS.id}/absence`, {
    from: new Date().toISOString(),
    until: tomorrow,
    delegate_user_id: DEPUTY.id,
  });
  await api.need('DELETE', `/api/v1/users/${BOSS.id}/absence`);
  await sendWhatIsRefused(world, keys[JANE.id] ?? '');
  return { approvals: [id, withdrawn.id, reassigned.id, large.id], secrets };
}

/** What is wrong is told to whoever sent it, and nobody else. */
async function sendWhatIsRefused({ product: { api } }: ObservedWorld, key: string): Promise<void> {
  const request = { team_id: TEAM, kind: 'spend', requester_id: JANE.id, title: WRITTEN.title };
  await api.call('POST', '/api/v1/approvals', { ...request, title: `${WRITTEN.title}\r\nBcc: ${GUEST}` }, key);
  await api.call(
    'POST',
    '/api/v1/approvals',
    { ...request, chain: { stages: [{ approvers: [{ user_id: WRITTEN.unknownUser }] }] } },
    key,
  );
  await api.call('POST', '/api/v1/approvals', { ...request, [WRITTEN.contextName]: WRITTEN.contextValue }, key);
  await api.call('POST', '/api/v1/approvals', request, `${JANE.id}-wrong-key`);
  await api.call('GET', `/api/v1/users/${JANE.id}/nothing-here`, undefined, key);
  await api.call('GET', `/api/v1/approvals?requester_id=${JANE.id}`, undefined, key);
  await api.call(
    'PUT',
    `/api/v1/teams/${TEAM}/members/${WRITTEN.unknownUser}`,
    { name: WRITTEN.title, email: WRITTEN.stranger, roles: ['member'] },
    key,
  );
}

/** The second half: mails arrive, and people decide on pages. */
export async function liveOnPages(world: ObservedWorld, lived: Lived): Promise<void> {
  const [first = '', , reassigned = ''] = lived.approvals;
  const visitor = new Visitor(world.product.api.baseUrl);
  const guestLink = await world.link(GUEST, 'Approval needed');
  await visitor.submit(guestLink, { decision: 'reject', comment: WRITTEN.comments[2]! });

  const bossLink = await world.link(BOSS.email, 'Approval needed');
  const largeLink = await linkTo(world, BOSS.email, '9000');
  await visitor.submit(largeLink, { step: 'send_code', comment: WRITTEN.comments[4]! });
  const code = /\d{6}/.exec((await world.mail(BOSS.email, 'Your code')).text)?.[0] ?? '';
  await visitor.submit(largeLink, { decision: 'approve', comment: WRITTEN.comments[4]!, code });

  const browser = new Visitor(world.product.api.baseUrl);
  await browser.submit('/sign-in', { email: WRITTEN.stranger });
  await browser.submit('/sign-in', { email: DEPUTY.email });
  const signInLink = await world.link(DEPUTY.email, 'Sign in');
  await browser.submit(signInLink, {});
  await browser.submit(`/inbox/approvals/${reassigned}`, { decision: 'approve', comment: WRITTEN.comments[1]! });
  await world.product.api.need('PUT', `/api/v1/teams/${TEAM}/members/${JANE.id}`, {
    name: JANE.name,
    email: 'jane.neu@privatissima-mail.test',
    roles: ['member'],
  });

  lived.secrets.push(
    ...[guestLink, bossLink, largeLink, signInLink].map((link) => link.split('/').at(-1) ?? ''),
    ...browser.cookies.values(),
  );
  await world.product.api.need('GET', `/api/v1/approvals/${first}/timeline`);
}

async function linkTo(world: ObservedWorld, to: string, amount: string): Promise<string> {
  const mails = await world.mailbox.messages({ to });
  const mail = mails.find(({ text }) => text.includes(amount));
  return /http:\/\/\S+\/r\/[\w-]{43}/.exec(mail?.text ?? '')?.[0] ?? '';
}
