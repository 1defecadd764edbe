import { resolve } from 'node:path'
import { isSupportedCountry } from 'libphonenumber-js/max'
import { StartError } from './start-error.ts'

/** One setting: where it comes from, what it is without it, how it is read, and its line in the docs. */
interface Setting<Value> {
  env: string
  default: Value
  /** Reads the text of the environment variable; throws with what would be right. */
  parse: (text: string) => Value
  doc: string
  /** How the default reads in the docs where the value itself would not help. */
  defaultDoc?: string
}

const setting = <Value>(one: Setting<Value>): Setting<Value> => one

function toNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new Error(`must be a whole number from ${min} to ${max}`)
    }
    return value
  }
}

function toText(text: string): string {
  return text.trim()
}

function toDatabaseUrl(text: string): string {
  const url = URL.parse(text)
  if (!url || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw new Error('must look like postgres://user:password@host:5432/database')
  }
  return text
}

function toSecret(text: string): string {
  if (text.length < 32) throw new Error('must be at least 32 characters long')
  return text
}

function toId(text: string): string {
  if (!/^[\x21-\x7e]{1,256}$/.test(text)) throw new Error('must be 1 to 256 printable ASCII characters without blanks')
  return text
}

function toApiKey(text: string): string {
  if (!/^[\x21-\x7e]{24,256}$/.test(text)) {
    throw new Error('must be 24 to 256 printable ASCII characters without blanks; shorter keys can be guessed')
  }
  return text
}

function toSwitch(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new Error('must be true or false')
  return text === 'true'
}

function toOrigins(text: string): string[] {
  const origins = text.split(',').map((origin) => origin.trim()).filter(Boolean)
  for (const origin of origins) {
    if (origin !== '*' && URL.parse(origin)?.origin !== origin) {
      throw new Error(`must be origins such as https://app.example.com, separated by commas, or *; "${origin}" is not`)
    }
  }
  return origins
}

/** US dollars per million tokens, by the name of the model. */
export type ModelPrices = Readonly<Record<string, { input: number, output: number }>>

const priceForm = 'must be JSON such as {"gpt-4o":{"input":2.5,"output":10}}, in US dollars per million tokens'

function isPrice(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function toModelPrices(text: string): ModelPrices {
  let prices: unknown
  try {
    prices = JSON.parse(text)
  } catch {
    throw new Error(priceForm)
  }
  if (typeof prices !== 'object' || prices === null || Array.isArray(prices)) throw new Error(priceForm)
  for (const [model, price] of Object.entries(prices as Record<string, { input?: unknown, output?: unknown } | null>)) {
    if (!isPrice(price?.input) || !isPrice(price?.output)) {
      throw new Error(`${priceForm}; "${model}" needs "input" and "output", both 0 or more`)
    }
  }
  return prices as ModelPrices
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

function toLogLevel(text: string): LogLevel {
  const level = logLevels.find((one) => one === text)
  if (!level) throw new Error(`must be one of ${logLevels.join(', ')}`)
  return level
}

function toCountry(text: string): string {
  if (!isSupportedCountry(text)) throw new Error('must be a country in two capital letters (ISO 3166), such as AR')
  return text
}

/** Every setting there is. The parser, the `Config` type and the table in the README come from this list. */
export const settings = {
  port: setting({ env: 'HILO_PORT', default: 3000, parse: toNumber(0, 65535), doc: 'Port the server listens on.' }),
  host: setting({
    env: 'HILO_HOST', default: '127.0.0.1', parse: toText,
    doc: 'Address the server listens on; `0.0.0.0` opens it to the network.',
  }),
  dataDir: setting({
    env: 'HILO_DATA_DIR', default: resolve('data'), defaultDoc: '`./data`', parse: (text) => resolve(text),
    doc: 'Folder of the embedded database and of the secret.',
  }),
  databaseUrl: setting<string | undefined>({
    env: 'HILO_DATABASE_URL', default: undefined, defaultDoc: 'embedded database', parse: toDatabaseUrl,
    doc: 'PostgreSQL 15 to 18, as `postgres://user:password@host:5432/database`.',
  }),
  databasePoolSize: setting({
    env: 'HILO_DATABASE_POOL_SIZE', default: 10, parse: toNumber(2, 500),
    doc: 'Most PostgreSQL connections this process opens.',
  }),
  secret: setting<string | undefined>({
    env: 'HILO_SECRET', default: undefined, defaultDoc: 'made in the data folder', parse: toSecret,
    doc: 'Encrypts credentials at rest and signs tokens, at least 32 characters, the same for all processes. Keep it: '
      + 'without it the credentials cannot be read again.',
  }),
  corsOrigins: setting<string[]>({
    env: 'HILO_CORS_ORIGINS', default: [], defaultDoc: 'off', parse: toOrigins,
    doc: 'Origins of web pages that may call the API, separated by commas.',
  }),
  rateLimit: setting({
    env: 'HILO_RATE_LIMIT', default: 6000, parse: toNumber(0, 100_000_000),
    doc: 'Requests per minute for each API key in one process; `0` = off.',
  }),
  eventRetentionDays: setting({
    env: 'HILO_EVENT_RETENTION_DAYS', default: 30, parse: toNumber(1, 36_500),
    doc: 'Days that events and attempts of webhooks are kept.',
  }),
  allowPrivateTargets: setting<boolean>({
    env: 'HILO_ALLOW_PRIVATE_TARGETS', default: false, defaultDoc: 'off', parse: toSwitch,
    doc: '`true`: webhooks, models and tools may be at `http://` and in private networks, such as Ollama on localhost. '
      + 'Only where all callers are trusted.',
  }),
  modelPrices: setting<ModelPrices>({
    env: 'HILO_MODEL_PRICES', default: {}, defaultDoc: 'none', parse: toModelPrices,
    doc: 'What models cost, in US dollars per million tokens: `{"gpt-4o":{"input":2.5,"output":10}}`. A model that is '
      + 'not in it costs 0; an agent with a `dailySpendLimit` does not ask it.',
  }),
  logLevel: setting<LogLevel>({
    env: 'HILO_LOG_LEVEL', default: 'info', parse: toLogLevel, doc: `One of ${logLevels.join(', ')}.`,
  }),
  bootstrapOrganizationId: setting<string | undefined>({
    env: 'HILO_BOOTSTRAP_ORGANIZATION_ID', default: undefined, defaultDoc: 'made up', parse: toId,
    doc: 'Id of the organization that the first start creates.',
  }),
  bootstrapAgentId: setting<string | undefined>({
    env: 'HILO_BOOTSTRAP_AGENT_ID', default: undefined, defaultDoc: 'made up', parse: toId,
    doc: 'Id of the agent that the first start creates.',
  }),
  bootstrapApiKey: setting<string | undefined>({
    env: 'HILO_BOOTSTRAP_API_KEY', default: undefined, defaultDoc: 'made up', parse: toApiKey,
    doc: 'API key that the first start creates, at least 24 characters.',
  }),
  bootstrapDefaultCountry: setting<string | undefined>({
    env: 'HILO_BOOTSTRAP_DEFAULT_COUNTRY', default: undefined, defaultDoc: 'none', parse: toCountry,
    doc: 'Country in which the first organization reads national phone numbers, such as `AR`.',
  }),
}

export type Config = { [Name in keyof typeof settings]: (typeof settings)[Name]['default'] }

/**
 * Reads every setting from the environment. A variable that is empty or blank counts as not set.
 * @throws StartError naming the variable and what would be right (never its value: it may be a secret).
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const config: Record<string, unknown> = {}
  for (const [name, one] of Object.entries(settings)) {
    const text = readVariable(env, one.env)
    try {
      config[name] = text === undefined ? one.default : one.parse(text)
    } catch (error) {
      throw new StartError(`${one.env} ${(error as Error).message}.`)
    }
  }
  return config as Config
}

/** A blank is a slip of the pen: as a number it would be 0, and as an address all that the machine has. */
export function readVariable(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return env[name]?.trim() ? env[name] : undefined
}

/** Variables that look like ours but name no setting: most likely misspelt. */
export function findUnknownSettings(env: NodeJS.ProcessEnv): string[] {
  const known = new Set(Object.values(settings).map((one) => one.env))
  return Object.keys(env).filter((name) => /^HILO_/.test(name) && !/^HILO_TEST_/.test(name) && !known.has(name))
}
