import type { ToolSet } from 'ai'
import { HiloError } from '../errors.ts'
import { checkBody } from '../http/check-body.ts'
import type { Sdk } from './load-sdk.ts'
import type { ModelTool } from './model-call.ts'

/** Arguments as a model wrote them: an object that can be stored, or what is wrong with it. */
function readArguments(input: unknown): { value: Record<string, unknown> } | { problem: string } {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return { problem: 'They must be a JSON object.' }
  try {
    checkBody(input)
    return { value: input as Record<string, unknown> }
  } catch (error) {
    if (!(error instanceof HiloError)) throw error
    return { problem: error.message }
  }
}

export interface ToolListener {
  /** A tool is about to run. */
  onCall(name: string, input: Record<string, unknown>): void
  /** A tool threw: the fault is ours, and no model can make up for it. */
  onFault(error: unknown): void
}

/** Calls of tools for one answer: a model may ask for any number of them at once. */
const maxCalls = 20

/** Counts calls. After so many, no tool is called again; one that was not called yet may be, such as for a human. */
function createCallLimit(): (name: string) => boolean {
  const called = new Set<string>()
  let count = 0
  return (name) => {
    count += 1
    if (count > maxCalls && called.has(name)) return false
    called.add(name)
    return true
  }
}

/** Makes tools as the AI SDK calls them. */
export function wrapTools(
  { jsonSchema, tool }: Sdk, tools: readonly ModelTool[], { onCall, onFault }: ToolListener,
): ToolSet {
  const mayCall = createCallLimit()
  return Object.fromEntries(tools.map(({ name, description, parameters, run }) => [name, tool({
    description,
    inputSchema: jsonSchema<unknown>(parameters),
    async execute(input, { abortSignal: signal }) {
      signal!.throwIfAborted()
      try {
        if (!mayCall(name)) return 'Too many calls; answer with what you have.'
        const read = readArguments(input)
        if ('problem' in read) return `The arguments cannot be used. ${read.problem}`
        onCall(name, read.value)
        return await run(read.value, signal!)
      } catch (error) {
        if (!signal!.aborted) onFault(error)
        throw error
      }
    },
  })]))
}
