import type { AddressInfo } from 'node:net'
import { type AnswerTimes, createAnswers } from './answers/answers.ts'
import { createMind } from './answers/create-mind.ts'
import type { RunTool } from './approvals/decide-approval.ts'
import { buildApp } from './app.ts'
import type { Config } from './config.ts'
import type { OpenDatabase } from './database/open.ts'
import { createEventBell } from './events/event-bell.ts'
import type { StreamTimes } from './events/open-streams.ts'
import type { AppOptions } from './http/create-app.ts'
import type { HiloApp } from './http/hilo-app.ts'
import { keepHouse } from './housekeeping.ts'
import { createIngest } from './ingest.ts'
import type { ConfigWithSecret } from './read-secret.ts'
import { StartError } from './start-error.ts'
import { createWebhooks, type WebhookTimes } from './webhooks/webhooks.ts'

export interface RunningServer {
  app: HiloApp
  /** `http://127.0.0.1:3000`, an address that this machine can call. */
  url: string
  /** Takes no new connections and finishes what is in flight. The database stays open: whoever opened it closes it. */
  stop(): Promise<void>
}

interface ServerParts {
  database: OpenDatabase
  /** For tests. */
  webhookTimes?: Partial<WebhookTimes>
  answerTimes?: Partial<AnswerTimes>
  streamTimes?: Partial<StreamTimes>
  /** For tests, instead of calling the tools of agents. */
  runTool?: RunTool
}

/**
 * Wires the parts on an open database and listens.
 * @throws StartError if it cannot listen there.
 */
export async function startServer(
  config: ConfigWithSecret,
  { database, webhookTimes, answerTimes, streamTimes, runTool, ...options }: ServerParts & AppOptions,
): Promise<RunningServer> {
  const ingest = createIngest(database)
  const eventBell = createEventBell(database)
  const webhooks = createWebhooks(config, { database, eventBell, times: webhookTimes })
  const mind = createMind(config, database.db)
  const answers = createAnswers({ database, ingest, eventBell, think: mind.think, times: answerTimes })
  const services = {
    config, database, ingest, eventBell, webhooks, answers, streamTimes, runTool: runTool ?? mind.runTool,
  }
  const app = await buildApp(services, options)
  const stop = async () => {
    await Promise.all([app.close(), answers.stop()]) // requests wait for answers
    await mind.close()
    await ingest.close()
    await webhooks.stop()
    await eventBell.close()
  }
  try {
    mind.start(app.log)
    await answers.start(app.log)
    await listen(app, config)
  } catch (error) {
    await stop()
    throw error
  }
  webhooks.start(app.log)
  mind.prepare().catch((error: unknown) => app.log.warn({ err: error }, 'models are loaded with the first question'))
  const stopHousekeeping = keepHouse(database, config, app.log)
  return {
    app,
    url: readUrl(app.server.address() as AddressInfo),
    stop: async () => {
      await stopHousekeeping()
      await stop()
    },
  }
}

/** Without Fastify's line for each address: `main.ts` says it once, for people and in the log. */
async function listen(app: HiloApp, { host, port }: Config): Promise<void> {
  const { level } = app.log
  app.log.level = 'silent'
  try {
    await app.listen({ host, port })
  } catch (error) {
    const explain = listenErrors[(error as NodeJS.ErrnoException).code ?? '']
    throw explain ? new StartError(explain({ host, port }), { cause: error }) : error
  } finally {
    app.log.level = level
  }
}

const listenErrors: Record<string, (config: Pick<Config, 'host' | 'port'>) => string> = {
  EADDRINUSE: ({ host, port }) => (
    `Port ${port} of ${host} is in use. Stop what listens there, or set HILO_PORT to a free port.`
  ),
  EACCES: ({ host, port }) => `This user may not listen on port ${port} of ${host}. Set HILO_PORT to 1024 or higher.`,
  EADDRNOTAVAIL: explainHost,
  ENOTFOUND: explainHost,
  EAI_AGAIN: explainHost,
  EINVAL: explainHost,
}

function explainHost({ host }: Pick<Config, 'host'>): string {
  return `HILO_HOST "${host}" is no address of this machine. Use 127.0.0.1 for this machine only, or 0.0.0.0 for all its `
    + 'addresses.'
}

/** "All addresses" is nothing to call. */
function readUrl({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
