import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HiloError } from '../errors.ts'

interface KnownRoute {
  method: string
  path: RegExp
}

/** `/api/agents/:id` as an expression for the paths it stands for. */
function toPattern(url: string): RegExp {
  const escaped = url.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/:[A-Za-z]+/g, '[^/]+').replace('*', '.*')
  return new RegExp(`^${escaped}/?$`)
}

function hint(methods: readonly string[]): string {
  return methods.length > 0 ? `This path takes ${methods.join(', ')}.` : 'All paths are listed at /docs and in /openapi.json.'
}

/** Remembers every route that is registered after this, to tell a wrong method from a wrong path. */
export function rememberRoutes(app: FastifyInstance): (request: FastifyRequest) => HiloError {
  const routes: KnownRoute[] = []
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) {
      if (one !== 'HEAD' && one !== 'OPTIONS') routes.push({ method: one, path: toPattern(url) })
    }
  })
  return (request) => {
    const path = request.url.split('?')[0]!
    const methods = new Set(routes.filter((route) => route.path.test(path)).map((route) => route.method))
    const shown = path.length > 200 ? `${path.slice(0, 200)}…` : path
    return new HiloError('ROUTE_NOT_FOUND', `There is no ${request.method} ${shown}.`, { hint: hint([...methods]) })
  }
}
