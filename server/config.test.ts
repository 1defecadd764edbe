import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig, settings } from './config.ts'
import { StartError } from './start-error.ts'

test('a blank variable counts as not set: it neither opens the server to the network nor ends the rate limit', () => {
  const { host, port, rateLimit, dataDir } = readConfig({
    HILO_HOST: ' ', HILO_PORT: '\t', HILO_RATE_LIMIT: '\n', HILO_DATA_DIR: '  ',
  })
  assert.deepEqual({ host, port, rateLimit, dataDir }, {
    host: '127.0.0.1', port: 3000, rateLimit: 6000, dataDir: settings.dataDir.default,
  })
})

const readPrices = (text: string) => readConfig({ HILO_MODEL_PRICES: text }).modelPrices

test('prices of models are read from JSON, and there are none without them', () => {
  assert.deepEqual(readPrices('{"gpt-4o":{"input":2.5,"output":0}}'), { 'gpt-4o': { input: 2.5, output: 0 } })
  assert.deepEqual(readPrices(''), {})
})

test('prices that cannot be read stop the start with one line that says what would be right', () => {
  const wrong = [
    '{', '[]', 'null', '3', '"x"', '{"m":3}', '{"m":null}', '{"m":{"input":1}}', '{"m":{"input":1,"output":"2"}}',
    '{"m":{"input":-1,"output":2}}', '{"m":{"input":1e999,"output":2}}', '{"m":[1,2]}',
  ]
  for (const text of wrong) {
    assert.throws(() => readPrices(text), (error) => error instanceof StartError
      && /^HILO_MODEL_PRICES must be JSON such as \{"gpt-4o":.*\.$/.test(error.message), text)
  }
})
