import { manageAgentRoutes } from './agents/manage-routes.ts'
import { agentRoutes } from './agents/routes.ts'
import { answerRoutes } from './answers/routes.ts'
import { approvalRoutes } from './approvals/routes.ts'
import { contactRoutes } from './contacts/routes.ts'
import { conversationRoutes } from './conversations/routes.ts'
import { eventRoutes } from './events/routes.ts'
import { checkRequests } from './http/check-request.ts'
import { allowOrigins } from './http/cors.ts'
import { type AppOptions, createApp } from './http/create-app.ts'
import { docsRoutes } from './http/docs-routes.ts'
import { drainConnections } from './http/drain-connections.ts'
import { handleErrors } from './http/error-handler.ts'
import { healthRoutes } from './http/health-routes.ts'
import type { HiloApp, Services } from './http/hilo-app.ts'
import { createMetrics, serveMetrics } from './http/metrics.ts'
import { describeApi } from './http/openapi.ts'
import { acceptOnlyJson } from './http/parse-json.ts'
import { answerRequestId } from './http/request-id.ts'
import { addSecurityHeaders } from './http/security-headers.ts'
import { messageRoutes } from './messages/routes.ts'
import { apiKeyRoutes } from './organizations/api-key-routes.ts'
import { authenticate, refuseOpenRoutes } from './organizations/authenticate.ts'
import { refuseWrongBindings } from './organizations/check-binding.ts'
import { createCallerFinder } from './organizations/find-caller.ts'
import { createKeyUses } from './organizations/note-key-use.ts'
import { organizationRoutes } from './organizations/routes.ts'
import { webhookRoutes } from './webhooks/routes.ts'
import { tokenRoutes } from './tokens/routes.ts'
import { createTokenSigner } from './tokens/sign-token.ts'

/** The HTTP side of Hilo: every plugin by name, in the order in which a request meets them. */
export async function buildApp(services: Services, options: AppOptions = {}): Promise<HiloApp> {
  const { config, database: { db } } = services
  const app = createApp(config.logLevel, options)
  const callers = createCallerFinder(db)
  const tokens = createTokenSigner(config.secret)
  const keyUses = createKeyUses(db)
  app.addHook('onClose', () => keyUses.close())

  drainConnections(app)
  answerRequestId(app)
  addSecurityHeaders(app)
  handleErrors(app)
  await allowOrigins(app, config.corsOrigins)
  refuseOpenRoutes(app)
  refuseWrongBindings(app)
  authenticate(app, { callers, tokens, rateLimit: config.rateLimit, noteUse: keyUses.note })
  checkRequests(app)
  acceptOnlyJson(app)
  await describeApi(app)
  serveMetrics(app, createMetrics())
  await app.register(healthRoutes(services))
  await app.register(docsRoutes)

  // The domains, in the order of the flow.
  await app.register(agentRoutes(services))
  await app.register(answerRoutes(services))
  await app.register(approvalRoutes(services))
  await app.register(conversationRoutes(services))
  await app.register(contactRoutes(services))
  await app.register(messageRoutes(services))
  await app.register(eventRoutes(services))
  await app.register(manageAgentRoutes(services))
  await app.register(organizationRoutes(services, callers))
  await app.register(apiKeyRoutes(services, callers))
  await app.register(webhookRoutes(services))
  await app.register(tokenRoutes(services, tokens))
  await app.ready()
  return app
}
