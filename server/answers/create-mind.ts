import { createAgentEncryption } from '../agents/agent-secrets.ts'
import type { ConfigWithSecret } from '../read-secret.ts'
import { createGuardedClient } from '../guarded-client/guarded-fetch.ts'
import { createAskModel } from '../models/ask-model.ts'
import { createThink, type Think } from './think.ts'

/** What thinks: models and tools, reached through a guarded client of their own. */
export interface Mind {
  think: Think
  close(): Promise<void>
}

export function createMind(config: ConfigWithSecret): Mind {
  const client = createGuardedClient({ allowPrivate: config.allowPrivateTargets })
  const think = createThink({
    askModel: createAskModel({ fetch: client.fetch, prices: config.modelPrices }),
    encryption: createAgentEncryption(config),
    createTool: () => {
      throw new Error('HTTP tools are not wired yet.')
    },
  })
  return { think, close: () => client.close() }
}
