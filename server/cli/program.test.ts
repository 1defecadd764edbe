import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Command } from 'commander'
import { commandsOfRoutes, optionsOfFields } from './in-commands.ts'
import { createProgram } from './program.ts'
import { runHilo } from '../test/run-hilo.ts'

/** Every command that does something, with its path: `keys create`. */
function listCommands(command: Command, path: string[] = []): { path: string, command: Command }[] {
  if (command.commands.length === 0) return [{ path: path.join(' '), command }]
  return command.commands.flatMap((child) => listCommands(child, [...path, child.name()]))
}

const commands = listCommands(createProgram())
const optionsOf = (command: Command) => command.options.map((option) => option.long)
const docs = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')

test('every command and option explains itself in its help', () => {
  for (const { path, command } of commands) {
    assert.ok(command.description(), path)
    for (const option of command.options) assert.ok(option.description, `${path} ${option.long}`)
    assert.match(command.helpInformation(), /--help/, path)
  }
})

test('every command that answers takes --json', () => {
  const without = commands.filter(({ command }) => !optionsOf(command).includes('--json')).map(({ path }) => path)
  assert.deepEqual(without, ['serve'])
})

test('docs/cli.md shows every command, and only commands and options that exist', () => {
  const shown = [...docs.matchAll(/^\$ npx hilo (.+)$/gm)].map(([, line = '']) => line)
  const used = shown.filter((line) => !line.startsWith('-')).map((line) => {
    const found = commands.find(({ path }) => line === path || line.startsWith(`${path} `))
    assert.ok(found, `docs/cli.md shows "npx hilo ${line}", which does not exist`)
    for (const [option] of line.matchAll(/(?<= )--[a-z-]+/g)) {
      assert.ok([...optionsOf(found.command), '--help'].includes(option), `${found.path} has no ${option}`)
    }
    return found.path
  })
  assert.deepEqual(commands.map(({ path }) => path).filter((path) => !used.includes(path)), [])
})

test('what errors point to instead of the API exists', () => {
  for (const line of Object.values(commandsOfRoutes)) {
    const found = commands.find(({ path }) => `${line} `.startsWith(`npx hilo ${path} `))
    assert.ok(found, line)
    for (const [option] of line.matchAll(/--[a-z-]+/g)) assert.ok(optionsOf(found.command).includes(option), line)
  }
  const redeliver = commands.find(({ path }) => path === 'webhooks redeliver')!
  for (const option of Object.values(optionsOfFields)) assert.ok(optionsOf(redeliver.command).includes(option), option)
})

test('a wrong option, command or argument is one line that names it, with where to look', async () => {
  const option = await runHilo(['keys', 'create', '--nam', 'n8n'])
  assert.deepEqual([option.exitCode, option.stdout], [1, ''])
  assert.equal(option.stderr, "Unknown option '--nam'. Did you mean --name? See: npx hilo keys create --help\n")
  const command = await runHilo(['agent', 'list'])
  assert.equal(command.exitCode, 1)
  assert.equal(command.stderr, "Unknown command 'agent'. Did you mean agents? See: npx hilo --help\n")
})

test('with --json, wrong use is told as JSON too', async () => {
  const wrong = [['keys', 'create', '--nam', 'n8n'], ['keys', 'create'], ['keys', 'revoke'], ['keys', 'revok', 'x'], ['keys'],
    ['keys', 'create', '--name', 'n8n', '--expires', 'soon']]
  for (const args of wrong) {
    const { exitCode, stderr, json } = await runHilo([...args, '--json'])
    const { error, code, hint } = json()
    assert.deepEqual([exitCode, code, stderr], [1, 'INVALID_REQUEST', `${error} ${hint}\n`], args.join(' '))
    assert.match(hint, /See: npx hilo keys.* --help$/)
  }
})

const asNode20 = ["data:text/javascript,Object.defineProperty(process,'version',{value:'v20.0.0'})"]

test('started on Node 20, the command hands over to the Node from npm', async () => {
  const { exitCode, stdout, stderr } = await runHilo(['--version'], { nodeArgs: ['--import', ...asNode20] })
  assert.deepEqual([exitCode, stderr], [0, ''])
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
  const failing = await runHilo(['keys', 'create'], { nodeArgs: ['--import', ...asNode20] })
  assert.equal(failing.exitCode, 1)
})
