import type { ModelTool } from '../models/model-call.ts'
import type { Decided } from './turn-answer.ts'

/** Letters of why a human is wanted. */
const maxReason = 1000

/**
 * Tools that every agent has. They only note what the model decided: it is done together with the answer, or not at all
 * if something newer arrives.
 */
export function createBuiltInTools(decided: Decided): ModelTool[] {
  return [
    {
      name: 'request_human',
      description: 'Hands the conversation to a human colleague: when the customer asks for a person, or when you '
        + 'cannot help. You will not answer in it any more until a human hands it back. Tell the customer that somebody '
        + 'will take over.',
      parameters: {
        type: 'object',
        properties: { reason: { type: 'string', description: 'For the colleague: what the customer needs.' } },
      },
      run: async ({ reason }) => {
        const isGiven = typeof reason === 'string' && reason !== ''
        decided.handOff = isGiven ? { reason: reason.slice(0, maxReason).toWellFormed() } : {}
        return 'Done. A human will take over after your answer.'
      },
    },
    {
      name: 'mark_as_resolved',
      description: 'Marks the conversation as resolved: when the customer has what they need and nothing is open.',
      parameters: { type: 'object', properties: {} },
      run: async () => {
        decided.isResolved = true
        return 'Done.'
      },
    },
  ]
}
