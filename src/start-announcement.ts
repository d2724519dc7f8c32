import type { Config } from './config.ts';
import type { Services } from './embedded-services.ts';

/**
 * What somebody who has just started Countersign wants to know: where everything is, and what to do first.
 * @param madeKey the operator's key where it was made just now
 */
export function announcement({
  config,
  services,
  madeKey,
  seconds,
}: {
  config: Config;
  services: Services;
  madeKey: string | null;
  seconds: number;
}): string {
  const base = config.publicUrl;
  const ownKey = config.bootstrapKey === null ? madeKey : null;
  const where: (readonly [string, string | null])[] = [
    ['API', `${base}/api/v1`],
    ['Reference', `${base}/docs`],
    ['Inbox', `${base}/inbox`],
    ['Mailbox', services.mailbox && `${base}/dev/mailbox`],
    ['Temporal', services.temporalUi],
    ['Data', config.dataDir],
  ];
  const rows = where.flatMap(([name, address]) => (address ? [`  ${name.padEnd(10)} ${address}`] : []));
  const key = ownKey ?? '$COUNTERSIGN_KEY';
  return [
    '',
    `Countersign is ready after ${seconds.toFixed(1)} s.`,
    '',
    ...rows,
    '',
    ...(ownKey
      ? [
          'The first API key, shown this once (operator and owner of the organization `default`):',
          '',
          `  ${ownKey}`,
          '',
        ]
      : []),
    'The first request:',
    '',
    `  curl -s ${base}/api/v1/teams -H "Authorization: Bearer ${key}" -H 'Content-Type: application/json' -d '{"id":"research","name":"Research"}'`,
    '',
    'See it work: npm run demo (in another terminal). Stop with Ctrl-C; everything is kept.',
    '',
    '',
  ].join('\n');
}
