import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { HiloError } from '../errors.ts'
import { addAgents } from './agents.ts'
import { addDoctor } from './doctor.ts'
import { addEvents } from './events.ts'
import { addKeys } from './keys.ts'
import { addOrganizations } from './organizations.ts'
import { type OutputOptions, printProblem } from './print.ts'
import { addResolve } from './resolve.ts'
import { addServe } from './serve.ts'
import { addWebhooks } from './webhooks.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

const footer = `
Settings are environment variables, the same as the server's (HILO_DATA_DIR, HILO_DATABASE_URL…).
Each command has its own --help, such as: npx hilo keys create --help`

const commands = [
  addServe, addOrganizations, addAgents, addKeys, addEvents, addWebhooks, addResolve, addDoctor,
]

/** The command line of Hilo, ready to parse `argv`. */
export function createProgram(argv: readonly string[] = []): Command {
  const program = new Command('hilo')
    .description('One true conversation per customer across WhatsApp, Chatwoot, CRMs and n8n flows.')
    .version(version, '--version', 'print the version of Hilo')
    .addHelpText('after', footer)
  for (const add of commands) add(program)
  tellWrongUse(program, { path: 'npx hilo', json: argv.includes('--json') })
  return program
}

interface Use extends OutputOptions {
  /** The command as it is typed. */
  path: string
}

/** Has a wrong option or argument printed as every error is, with where to look. */
function tellWrongUse(command: Command, { path, json }: Use): void {
  command.configureOutput({ outputError: (text) => printProblem({ json }, describeWrongUse(text, path)) })
  for (const child of command.commands) tellWrongUse(child, { path: `${path} ${child.name()}`, json })
}

/** Commander says `error: unknown option '--nam'`, and may have a second line: `(Did you mean --name?)`. */
function describeWrongUse(text: string, path: string): HiloError {
  const [problem = '', ...suggestions] = text.trim().replace(/^error: /, '').split('\n')
  const sentence = `${problem.charAt(0).toUpperCase()}${problem.slice(1)}${problem.endsWith('.') ? '' : '.'}`
  const hint = [...suggestions.map((one) => one.replace(/^\((.*)\)$/, '$1')), `See: ${path} --help`].join(' ')
  return new HiloError('INVALID_REQUEST', sentence, { hint })
}
