import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { createTransport } from 'nodemailer';
import type { Config } from '../../config.ts';
import { failure, type Finding, ok, warning } from './check.ts';

const { TaskQueueType } = proto.temporal.api.enums.v1;

const ANSWER_WITHIN_MS = 5_000;
const NOT_FOUND = 5;
const SHORTEST_RETENTION_S = 86_400;

/** Whether Temporal answers, knows the namespace, and has a worker that polls. */
export async function checkTemporal(
  address: string | null,
  { namespace, taskQueue }: Config['temporal'],
): Promise<Finding[]> {
  if (address === null)
    return [failure('TEMPORAL_ADDRESS is not set. Set it to the host and port of the Temporal frontend.')];
  const connection = Connection.lazy({ address });
  try {
    return await connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, async () => {
      const { config } = await connection.workflowService.describeNamespace({ namespace });
      const retention = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
      const found = ok(
        `Temporal at ${address} has the namespace ${namespace}; closed workflows are kept for ${Math.round(retention / 3600)} h.`,
      );
      const short =
        retention < SHORTEST_RETENTION_S
          ? [
              warning(
                'Closed workflows are kept for less than a day, which is little to look into a problem with. Raise the namespace’s retention.',
              ),
            ]
          : [];
      return [found, ...short, await pollers(connection, namespace, taskQueue)];
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === NOT_FOUND)
      return [
        failure(
          `Temporal at ${address} has no namespace ${namespace}. Make it: \`temporal operator namespace create -n ${namespace}\`.`,
        ),
      ];
    return [failure(`Temporal at ${address} does not answer. Start it, or correct TEMPORAL_ADDRESS.`)];
  } finally {
    await connection.close();
  }
}

async function pollers(connection: Connection, namespace: string, taskQueue: string): Promise<Finding> {
  const { pollers: polling } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
  });
  const count = new Set((polling ?? []).map((poller) => poller.identity)).size;
  return count > 0
    ? ok(`${count} ${count === 1 ? 'worker polls' : 'workers poll'} the task queue ${taskQueue}.`)
    : warning(
        `No worker polls the task queue ${taskQueue}: nothing is decided or mailed. Start one: \`npm run worker\`.`,
      );
}

/** Whether the mail server takes our connection and login. Nothing is mailed. */
export async function checkMail(smtpUrl: string | null): Promise<Finding> {
  if (smtpUrl === null)
    return failure('SMTP_URL is not set. Set it to your mail server, such as smtps://user:password@mail.example.com.');
  const { host } = new URL(smtpUrl);
  const transport = createTransport({
    url: smtpUrl,
    connectionTimeout: ANSWER_WITHIN_MS,
    greetingTimeout: ANSWER_WITHIN_MS,
    socketTimeout: ANSWER_WITHIN_MS,
  });
  try {
    await transport.verify();
    return ok(
      `The mail server at ${host} takes our connection${new URL(smtpUrl).username === '' ? '' : ' and login'}.`,
    );
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return failure(
      code === 'EAUTH'
        ? `The mail server at ${host} refuses the login. Check user and password in SMTP_URL.`
        : `The mail server at ${host} does not answer as one (${code}). Start it, or correct SMTP_URL.`,
    );
  } finally {
    transport.close();
  }
}
