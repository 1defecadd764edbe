import type { FastifyPluginAsyncTypebox, TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault,
} from 'fastify'
import type { OpenDatabase } from '../database/open.ts'
import type { ErrorCode } from '../errors.ts'
import type { EventBell } from '../events/event-bell.ts'
import type { StreamTimes } from '../events/open-streams.ts'
import type { Ingest } from '../ingest.ts'
import type { Caller, Scope } from '../organizations/scopes.ts'
import type { Answers } from '../answers/answers.ts'
import type { RunTool } from '../approvals/decide-approval.ts'
import type { ConfigWithSecret } from '../read-secret.ts'
import type { Webhooks } from '../webhooks/webhooks.ts'

/** What the routes work with; built once in `start-server.ts`. */
export interface Services {
  config: ConfigWithSecret
  database: OpenDatabase
  ingest: Ingest
  eventBell: EventBell
  webhooks: Webhooks
  answers: Answers
  /** Calls a tool that a person allowed. */
  runTool: RunTool
  /** For tests. */
  streamTimes?: Partial<StreamTimes>
}

/** The routes of one domain: a plugin that `app.ts` registers by name. */
export type Routes = FastifyPluginAsyncTypebox

/** The whole application. */
export type HiloApp = FastifyInstance<
  RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, TypeBoxTypeProvider
>

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler of a route with a `scope` runs. */
    caller: Caller
    /** Code of the error that was answered, for the log. */
    errorCode: ErrorCode | undefined
  }
  interface FastifyContextConfig {
    /** Scope that the API key must have; `any`: every valid key will do. A route without it is open to all. */
    scope?: Scope | 'any'
    /**
     * Where the route names the one conversation that it reads, as `id` in its path or `conversationId` in its query
     * string: a token bound to that conversation may call it. Without this it may not (check-binding.ts).
     */
    servesBound?: 'params' | 'query'
    /** The body is a list of things that are refused for themselves: the route calls `checkBody` for each. */
    checksItems?: boolean
    /** A token may stand in the query string as `token`: for `EventSource`, which can send no header. */
    isTokenInQuery?: boolean
  }
}
