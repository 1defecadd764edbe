import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Config } from '../config.ts'
import type { OpenDatabase } from '../database/open.ts'
import type { Ingest } from '../ingest.ts'
import type { Caller, Scope } from '../organizations/scopes.ts'

/** What the routes work with; built once in `main.ts`. */
export interface Services {
  config: Config
  database: OpenDatabase
  ingest: Ingest
}

/** The routes of one domain: a plugin that `app.ts` registers by name. */
export type Routes = FastifyPluginAsyncTypebox

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler of a route with a `scope` runs. */
    caller: Caller
  }
  interface FastifyContextConfig {
    /** Scope that the API key must have; `any`: every valid key will do. A route without it is open to all. */
    scope?: Scope | 'any'
  }
}
