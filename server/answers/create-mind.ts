import type { FastifyBaseLogger } from 'fastify'
import { sql } from 'kysely'
import { createAgentEncryption } from '../agents/agent-secrets.ts'
import type { StoredTool } from '../agents/agent-settings.ts'
import type { RunTool } from '../approvals/decide-approval.ts'
import { createRunTool } from '../approvals/run-approved-tool.ts'
import type { Database } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import type { GuardError } from '../guarded-client/guard-error.ts'
import { createGuardedClient } from '../guarded-client/guarded-fetch.ts'
import { createAskModel } from '../models/ask-model.ts'
import type { CallIdentity } from '../models/call-identity.ts'
import { createHttpTool } from '../models/http-tool.ts'
import { loadSdk } from '../models/load-sdk.ts'
import { readAttachments } from '../models/read-attachments.ts'
import type { ConfigWithSecret } from '../read-secret.ts'
import { createThink, type Think } from './think.ts'

type Log = Pick<FastifyBaseLogger, 'warn'>

/** What thinks: models and tools, reached through a guarded client of their own. */
export interface Mind {
  think: Think
  /** From then on the log hears why tools and attachments could not be reached; models are not told. */
  start(log: Log): void
  /** Loads what speaks with models, if any agent has one: the first question then need not wait for it. */
  prepare(): Promise<void>
  /** Calls a tool that a person allowed. */
  runTool: RunTool
  close(): Promise<void>
}

export function createMind(config: ConfigWithSecret, db: Database): Mind {
  const client = createGuardedClient({ allowPrivate: config.allowPrivateTargets })
  const encryption = createAgentEncryption(config)
  let log: Log | undefined
  const createTool = (tool: StoredTool, identity: CallIdentity) => createHttpTool(tool, {
    client, identity,
    onFailure: ({ message: reason }) => log?.warn({ tool: tool.name, ...identity, reason }, 'a tool could not be called'),
  })
  const onFailure = ({ message: reason }: GuardError) => log?.warn({ reason }, 'an attachment could not be fetched')
  const { modelPrices: prices } = config
  const askModel = createAskModel({ fetch: client.fetch, prices })
  const think = createThink({
    askModel, prices, encryption, createTool,
    readAttachments: (attachments, options) => readAttachments(attachments, { ...options, client, onFailure }),
  })
  const prepare = async () => {
    if (await hasModel(db)) await loadSdk()
  }
  return {
    think, prepare, runTool: createRunTool({ db, encryption, createTool }), close: () => client.close(),
    start: (opened) => { log = opened },
  }
}

function hasModel(db: Database): Promise<boolean> {
  return asOwner(db, async (tx) => {
    const { rows } = await sql<{ has: boolean }>`select exists(select from agents where settings ? 'model') as has`.execute(tx)
    return rows[0]!.has
  })
}
