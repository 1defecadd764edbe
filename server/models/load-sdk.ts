/**
 * Loads what speaks with the providers, when it is first needed: at the top it would delay the start of the server.
 * Later calls get the same at once; a call ahead of the first question saves it some 200 ms.
 */
export async function loadSdk() {
  globalThis.AI_SDK_LOG_WARNINGS = false // it would print settings that a provider does not know
  const [{ isStepCount, jsonSchema, streamText, tool }, openai, anthropic, compatible] = await Promise.all([
    import('ai'), import('@ai-sdk/openai'), import('@ai-sdk/anthropic'), import('@ai-sdk/openai-compatible'),
  ])
  const { createOpenAI } = openai
  const { createAnthropic } = anthropic
  const { createOpenAICompatible } = compatible
  return { isStepCount, jsonSchema, streamText, tool, createOpenAI, createAnthropic, createOpenAICompatible }
}

export type Sdk = Awaited<ReturnType<typeof loadSdk>>
