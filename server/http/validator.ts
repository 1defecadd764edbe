import AjvCompiler, { type BuildCompilerFromPool, type RouteDefinition } from '@fastify/ajv-compiler'

const options = { removeAdditional: false, allowUnionTypes: true, useDefaults: true, verbose: true } as const

/** Validators of requests: a body is taken as it is, while the text of a query string may be read as a number. */
export function buildValidators(): BuildCompilerFromPool {
  const factory = AjvCompiler()
  return (externalSchemas) => {
    const forBodies = factory(externalSchemas, { customOptions: { ...options, coerceTypes: false } })
    const forTexts = factory(externalSchemas, { customOptions: { ...options, coerceTypes: 'array' } })
    // What Fastify hands over is the schema and where it stands, whatever the declared type says.
    return (route) => ((route as unknown as RouteDefinition).httpPart === 'body' ? forBodies : forTexts)(route)
  }
}
