import { createAgentEncryption } from '../agents/agent-secrets.ts'
import type { StoredTool } from '../agents/agent-settings.ts'
import type { RunTool } from '../approvals/decide-approval.ts'
import { createRunTool } from '../approvals/run-approved-tool.ts'
import type { Database } from '../database/schema.ts'
import { createGuardedClient } from '../guarded-client/guarded-fetch.ts'
import { createAskModel } from '../models/ask-model.ts'
import { createHttpTool } from '../models/http-tool.ts'
import { readAttachments } from '../models/read-attachments.ts'
import type { ConfigWithSecret } from '../read-secret.ts'
import { createThink, type Think } from './think.ts'

/** What thinks: models and tools, reached through a guarded client of their own. */
export interface Mind {
  think: Think
  /** Calls a tool that a person allowed. */
  runTool: RunTool
  close(): Promise<void>
}

export function createMind(config: ConfigWithSecret, db: Database): Mind {
  const client = createGuardedClient({ allowPrivate: config.allowPrivateTargets })
  const encryption = createAgentEncryption(config)
  const createTool = (tool: StoredTool) => createHttpTool(tool, client)
  const askModel = createAskModel({ fetch: client.fetch, prices: config.modelPrices })
  const think = createThink({
    askModel, encryption, createTool,
    readAttachments: (attachments, options) => readAttachments(attachments, { ...options, client }),
  })
  return { think, runTool: createRunTool({ db, encryption, createTool }), close: () => client.close() }
}
