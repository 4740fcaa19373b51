import { AuthError } from '@latchkey/nest';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { WebhookDeliveryStore, type ListedDelivery } from '../audit/webhook-delivery.store';
import { WebhookEndpoints } from '../audit/webhook-endpoints';
import { Clock } from '../common/clock';
import { isUuid } from '../common/uuid';
import { countOf } from './list-option';
import { asOperator } from './operator';
import type { Call, Shell } from './shell';
import { textTable } from './text-table';

const LIST_HELP = `
Example:
  $ latchkey audit webhooks list
  $ latchkey audit webhooks list --state pending`;

const RETRY_HELP = `
Receivers know a message by its id, so that one which was received after all does no harm.

Example:
  $ latchkey audit webhooks retry
  $ latchkey audit webhooks retry 0b8f7c1e-5d0f-4a53-9a53-6a1f0c2f7f10`;

export function addAuditWebhooks(audit: Command, shell: Shell): void {
  const webhooks = audit.command('webhooks').description('look at what receivers were sent, and send it again');
  webhooks
    .command('list')
    .description('list deliveries that were given up')
    .addOption(new Option('--state <state>', 'in this state').choices(['dead', 'pending', 'delivered']).default('dead'))
    .option('--limit <count>', 'most deliveries to list', countOf, 50)
    .addHelpText('after', LIST_HELP)
    .action(shell.does(list));
  webhooks
    .command('retry')
    .description('send again what was given up: all of it, or one event')
    .argument('[event]', 'id of the event', eventId)
    .addHelpText('after', RETRY_HELP)
    .action(shell.does(retry));
}

async function list(call: Call): Promise<void> {
  const { state, limit } = call.options<{ state: string; limit: number }>();
  const deliveries = await asOperator(call, async (operator) => {
    const endpoints = operator.get(WebhookEndpoints);
    const found = await operator.get(WebhookDeliveryStore).list(state, limit);
    return found.map((delivery) => ({ ...delivery, host: hostOf(endpoints.find(delivery.endpoint)?.url) }));
  });
  call.print({ deliveries }, deliveries.length === 0 ? `There are no ${state} deliveries.` : tableOf(deliveries));
}

function tableOf(deliveries: readonly (ListedDelivery & { host: string | null })[]): string {
  const rows = deliveries.map((delivery) => [
    delivery.event_id,
    delivery.event,
    delivery.host ?? delivery.endpoint,
    delivery.attempts,
    delivery.created_at,
    delivery.last_error,
  ]);
  return textTable(['EVENT ID', 'EVENT', 'RECEIVER', 'ATTEMPTS', 'SINCE', 'LAST ERROR'], rows);
}

async function retry(call: Call): Promise<void> {
  const [event = null] = call.arguments;
  const retried = await asOperator(call, (operator) =>
    operator.get(WebhookDeliveryStore).retry(event, operator.get(Clock).date()),
  );
  if (event !== null && retried === 0) throw new AuthError('not_found', 'No delivery of that event was given up');
  call.print({ retried }, `Sent again: ${retried}, as soon as a running service looks.`);
}

/** A path may hold what only the receiver should know. */
function hostOf(url: string | undefined): string | null {
  return url === undefined ? null : new URL(url).host;
}

function eventId(given: string): string {
  if (!isUuid(given)) throw new InvalidArgumentError('It is the id of an event.');
  return given;
}
