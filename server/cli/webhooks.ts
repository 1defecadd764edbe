import type { RedeliverBody, WebhookAttempt, WebhookEndpoint } from '@hilo/contract'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { asOwner } from '../database/transactions.ts'
import { listNewest } from '../http/list-newest.ts'
import { withSecret } from '../read-secret.ts'
import { presentEndpoint } from '../webhooks/access-endpoint.ts'
import { redeliver } from '../webhooks/redeliver.ts'
import { testEndpoint } from '../webhooks/test-endpoint.ts'
import { createSender } from '../webhooks/webhooks.ts'
import { findOrganization } from './find-organization.ts'
import { inNamedOrganization, type OrganizationOptions } from './in-organization.ts'
import { readSeq, readTime, withJson, withOrganization } from './options.ts'
import { type Answer, print } from './print.ts'
import { readAllPages } from './read-all-pages.ts'
import { formatTable } from './table.ts'
import { withDatabase } from './with-database.ts'

type RedeliverOptions = OrganizationOptions & RedeliverBody

/** `hilo webhooks`: where an organization's events are sent to. */
export function addWebhooks(program: Command): void {
  const webhooks = program.command('webhooks').description('webhook endpoints of an organization: list, test, send again')

  withJson(withOrganization(webhooks.command('list').description('show where events are sent to, and how that goes')))
    .action((options: OrganizationOptions) => print(options, () => list(options)))

  withJson(withOrganization(webhooks.command('test').description('send a test event now and show what came of it')))
    .argument('<id>', 'id of the endpoint, as "hilo webhooks list" shows it')
    .action((id: string, options: OrganizationOptions) => print(options, () => test(id, options)))

  withJson(withOrganization(webhooks.command('redeliver').description('send events again: one, what failed, or a range')))
    .argument('<id>', 'id of the endpoint, as "hilo webhooks list" shows it')
    .option('--seq <seq>', 'one event, by its number', readSeq)
    .option('--failed', 'all events that were given up or wait for another try')
    .option('--from-seq <seq>', 'first number of a range', readSeq)
    .option('--to-seq <seq>', 'last number of the range; else the newest event', readSeq)
    .option('--from <time>', 'first time of a range, such as 2030-01-31T12:00:00Z', readTime)
    .option('--to <time>', 'last time of the range; else now', readTime)
    .action((id: string, options: RedeliverOptions) => print(options, () => sendAgain(id, options)))
}

function list(options: OrganizationOptions): Promise<Answer> {
  const instead = 'ask it at GET /api/webhook-endpoints with an API key that has the scope admin'
  return inNamedOrganization(options, instead, async (tx, organizationId) => {
    const items = await readAllPages((query) => (
      listNewest(tx, 'webhook_endpoints', { organizationId, query, present: presentEndpoint })
    ))
    const rows = items.map((one) => (
      [one.id, describeState(one), String(one.lastSeq), describeTypes(one), describeUrl(one)]
    ))
    const none = `There is no webhook endpoint in organization ${organizationId} yet. Make one at POST /api/webhook-endpoints.`
    return {
      data: { organizationId, items },
      text: rows.length ? formatTable(['ID', 'STATE', 'SEQ', 'TYPES', 'URL'], rows) : none,
    }
  })
}

function describeState({ isEnabled, disabledReason, failingSince }: WebhookEndpoint): string {
  if (!isEnabled) return disabledReason === null ? 'disabled' : `disabled: ${disabledReason}`
  return failingSince === null ? 'works' : `fails since ${failingSince}`
}

const describeTypes = ({ kind, eventTypes }: WebhookEndpoint) => (
  kind === 'answers' ? 'answers' : eventTypes?.join(',') ?? 'all'
)
const describeUrl = ({ url, agentId }: WebhookEndpoint) => url ?? `of the calls to agent ${agentId}`

function test(id: string, { organization }: OrganizationOptions): Promise<Answer> {
  const instead = 'use its route POST /api/webhook-endpoints/{id}/test with an API key that has the scope admin'
  return withDatabase({ instead }, async ({ db }) => {
    const { id: organizationId } = await asOwner(db, (tx) => findOrganization(tx, organization))
    const sender = createSender(withSecret(readConfig(process.env)))
    try {
      const attempt = await testEndpoint(db, { organizationId, id, send: sender.send })
      return { data: attempt, text: describeAttempt(attempt), exitCode: attempt.isDelivered ? 0 : 1 }
    } finally {
      await sender.close()
    }
  })
}

function describeAttempt({ isDelivered, status, durationMs, error, answer }: WebhookAttempt): string {
  const outcome = isDelivered ? `Accepted with status ${status} after ${durationMs} ms.` : `Not accepted: ${error}`
  return answer ? `${outcome}\nIt answered: ${answer}` : outcome
}

function sendAgain(
  id: string, { organization, seq, failed, fromSeq, toSeq, from, to }: RedeliverOptions,
): Promise<Answer> {
  const instead = 'use its route POST /api/webhook-endpoints/{id}/redeliver with an API key that has the scope admin'
  return inNamedOrganization({ organization }, instead, async (tx, organizationId) => {
    const wish = { seq, failed, fromSeq, toSeq, from, to }
    const redelivery = await redeliver(tx, { organizationId, id }, wish)
    const next = redelivery.nextFromSeq === null ? '' : describeNext(redelivery.nextFromSeq, wish)
    return {
      data: redelivery,
      text: `${describeCount(redelivery.queued)} to be sent; the running server begins within a second.${next}`,
    }
  })
}

/** The rest of a range, within its end. */
function describeNext(nextFromSeq: number, { toSeq, to }: RedeliverBody): string {
  const end = toSeq !== undefined ? ` --to-seq ${toSeq}` : to !== undefined ? ` --to ${to}` : ''
  return ` There are more: go on with --from-seq ${nextFromSeq}${end}.`
}

const describeCount = (count: number) => (count === 1 ? '1 event waits' : `${count} events wait`)
