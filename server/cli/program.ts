import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addAgents } from './agents.ts'
import { addDoctor } from './doctor.ts'
import { addEvents } from './events.ts'
import { addKeys } from './keys.ts'
import { addOrganizations } from './organizations.ts'
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

/** The command line of Hilo, ready to parse. */
export function createProgram(): Command {
  const program = new Command('hilo')
    .description('One true conversation per customer across WhatsApp, Chatwoot, CRMs and n8n flows.')
    .version(version, '--version', 'print the version of Hilo')
    .addHelpText('after', footer)
  for (const add of commands) add(program)
  pointToHelp(program, 'npx hilo')
  return program
}

/** After a wrong option or argument: where to look. */
function pointToHelp(command: Command, path: string): void {
  command.showHelpAfterError(`See: ${path} --help`)
  for (const child of command.commands) pointToHelp(child, `${path} ${child.name()}`)
}
