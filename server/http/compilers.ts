import AjvCompiler, { type BuildCompilerFromPool, type RouteDefinition } from '@fastify/ajv-compiler'
import SerializerSelector, { type SerializerFactory } from '@fastify/fast-json-stringify-compiler'

type Validate = ReturnType<ReturnType<BuildCompilerFromPool>>
type Serialize = (data: unknown) => string

/** `verbose`: errors carry the value and the schema, for `explain-validation.ts`. */
const options = {
  removeAdditional: false, allowUnionTypes: true, useDefaults: true, verbose: true, validateSchema: false,
} as const

function validateLazily(compile: () => Validate): Validate {
  let compiled: Validate | undefined
  const validate = ((data: unknown) => {
    compiled ??= compile()
    const isValid = compiled(data)
    validate.errors = compiled.errors
    return isValid
  }) as Validate
  return validate
}

function serializeLazily(compile: () => Serialize): Serialize {
  let compiled: Serialize | undefined
  return (data) => (compiled ??= compile())(data)
}

/**
 * Turns the schemas of routes into code, each when it is first needed: all of them together would take up a third of
 * the time to start. A body is taken as it is; the text of a path, a header or a query string may stand for a number.
 */
export function buildCompilers(): { buildValidator: BuildCompilerFromPool, buildSerializer: SerializerFactory } {
  const buildAjv = AjvCompiler()
  const buildStringify = SerializerSelector()
  return {
    buildValidator: (externalSchemas) => {
      const forBodies = buildAjv(externalSchemas, { customOptions: { ...options, coerceTypes: false } })
      const forTexts = buildAjv(externalSchemas, { customOptions: { ...options, coerceTypes: 'array' } })
      // What Fastify hands over is the schema and where it stands, whatever the declared type says.
      return (route) => validateLazily(() => (
        ((route as unknown as RouteDefinition).httpPart === 'body' ? forBodies : forTexts)(route)
      ))
    },
    buildSerializer: (externalSchemas, serializerOptions) => {
      const build = buildStringify(externalSchemas, serializerOptions)
      return (route) => serializeLazily(() => build(route))
    },
  }
}
