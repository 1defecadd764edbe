import { sql } from 'kysely'
import { createAgentEncryption } from '../agents/agent-secrets.ts'
import type { StoredTool } from '../agents/agent-settings.ts'
import type { RunTool } from '../approvals/decide-approval.ts'
import { createRunTool } from '../approvals/run-approved-tool.ts'
import type { Database } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import { createGuardedClient } from '../guarded-client/guarded-fetch.ts'
import { createAskModel } from '../models/ask-model.ts'
import type { CallIdentity } from '../models/call-identity.ts'
import { createHttpTool } from '../models/http-tool.ts'
import { loadSdk } from '../models/load-sdk.ts'
import { readAttachments } from '../models/read-attachments.ts'
import type { ConfigWithSecret } from '../read-secret.ts'
import { createThink, type Think } from './think.ts'

/** What thinks: models and tools, reached through a guarded client of their own. */
export interface Mind {
  think: Think
  /** Loads what speaks with models, if any agent has one: the first question then need not wait for it. */
  prepare(): Promise<void>
  /** Calls a tool that a person allowed. */
  runTool: RunTool
  close(): Promise<void>
}

export function createMind(config: ConfigWithSecret, db: Database): Mind {
  const client = createGuardedClient({ allowPrivate: config.allowPrivateTargets })
  const encryption = createAgentEncryption(config)
  const createTool = (tool: StoredTool, identity: CallIdentity) => createHttpTool(tool, { client, identity })
  const askModel = createAskModel({ fetch: client.fetch, prices: config.modelPrices })
  const think = createThink({
    askModel, encryption, createTool,
    readAttachments: (attachments, options) => readAttachments(attachments, { ...options, client }),
  })
  const prepare = async () => {
    if (await hasModel(db)) await loadSdk()
  }
  return { think, prepare, runTool: createRunTool({ db, encryption, createTool }), close: () => client.close() }
}

function hasModel(db: Database): Promise<boolean> {
  return asOwner(db, async (tx) => {
    const { rows } = await sql<{ has: boolean }>`select exists(select from agents where settings ? 'model') as has`.execute(tx)
    return rows[0]!.has
  })
}
