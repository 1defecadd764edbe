import Type, { type Static } from 'typebox'
import { exampleSettings, exampleSettingsInput, Settings, SettingsInput } from './agent-settings.ts'
import { IdInput, Metadata, Name, Nullable, OptionalText, Page, PageQuery, Time } from './common.ts'

export * from './agent-settings.ts'

/** An agent: the AI (or the bot) that talks with customers. */
export const Agent = Type.Object({
  id: Type.String({ description: 'Id of the agent.' }),
  name: Type.String({ description: 'Name for people.' }),
  systemPrompt: Nullable(Type.String({ description: 'What the AI is told before every conversation.' })),
  ...Settings.properties,
  metadata: Metadata('Of the caller.'),
  createdAt: Time('When it was created.'),
  updatedAt: Time('When it last changed.'),
}, {
  examples: [{
    id: 'cmi9q2x78d2f4g6h8j0k1l3m5', name: 'Sales', systemPrompt: 'You sell tools. Answer in Spanish.',
    ...exampleSettings, metadata: { team: 'sales' }, createdAt: '2026-03-01T12:00:00.000Z', updatedAt: '2026-03-01T12:00:00.000Z',
  }],
})
export type Agent = Static<typeof Agent>

const systemPrompt = Type.Optional(OptionalText('What the AI is told before every conversation.', { maxLength: 65536 }))

const AgentMetadata = (description: string) =>
  Type.Optional(Type.Unsafe<Record<string, unknown> | null>({ type: ['object', 'null'], description }))

/** Body of `POST /api/agents`. */
export const NewAgentBody = Type.Object({
  id: Type.Optional(IdInput(
    'Kept as given, so that the ids of an existing installation go on working: 1 to 256 printable ASCII characters ' +
    'without blanks and without "/". Made up when absent.',
  )),
  name: Name('Name for people.'),
  systemPrompt,
  ...SettingsInput.properties,
  metadata: AgentMetadata('Anything of yours, at most 16 KiB as JSON.'),
}, {
  examples: [{
    name: 'Sales', systemPrompt: 'You sell tools. Answer in Spanish.', ...exampleSettingsInput, metadata: { team: 'sales' },
  }],
})
export type NewAgentBody = Static<typeof NewAgentBody>

/** Body of `PATCH /api/agents/{id}`. */
export const AgentChange = Type.Object({
  name: Type.Optional(Name('Name for people.')),
  systemPrompt,
  ...SettingsInput.properties,
  metadata: AgentMetadata('Merged into what is there, key by key; a key with `null` is removed.'),
}, {
  description: 'What is absent stays as it is; `systemPrompt: null` removes the prompt, `null` for a setting brings back '
    + 'its default. A setting that is an object or a list is replaced as a whole; stored keys and headers can be kept, '
    + 'see there.',
  examples: [{ systemPrompt: 'You sell tools. Answer in Spanish.', metadata: { team: null } }, exampleSettingsInput],
})
export type AgentChange = Static<typeof AgentChange>

export const AgentsQuery = PageQuery({})
export type AgentsQuery = Static<typeof AgentsQuery>

export const AgentsPage = Page(Agent, 'Agents, newest first.')
export type AgentsPage = Static<typeof AgentsPage>
