import type { Command } from 'commander'
import { type Config, readConfig } from '../config.ts'
import type { Check } from './doctor/check.ts'
import { checkDataFolder, checkDisk } from './doctor/data-folder.ts'
import { checkDatabase } from './doctor/database.ts'
import { checkPort } from './doctor/port.ts'
import { checkSecret } from './doctor/secret.ts'
import { checkSettings } from './doctor/settings.ts'
import { withJson } from './options.ts'
import { type Answer, type OutputOptions, print } from './print.ts'

/** `hilo doctor`: looks at everything that Hilo needs, and changes nothing. */
export function addDoctor(program: Command): void {
  withJson(program.command('doctor'))
    .description('check settings, data folder, database, migrations, row-level security, disk, clock and port')
    .addHelpText('after', '\nChanges nothing. Each line is OK, WARN or FAIL, with what to do. Exit code 1 on FAIL.')
    .action((options: OutputOptions) => print(options, examine))
}

async function examine(): Promise<Answer> {
  const settings = checkSettings(process.env)
  const checks = settings.some(({ state }) => state === 'FAIL')
    ? settings
    : [...settings, ...await checkAll(readConfig(process.env))]
  const failed = checks.filter(({ state }) => state === 'FAIL').length
  return {
    data: { ok: failed === 0, checks },
    text: [...checks.map((check) => formatCheck(check)), '', summarize(checks)].join('\n'),
    exitCode: failed === 0 ? 0 : 1,
  }
}

async function checkAll(config: Config): Promise<Check[]> {
  return [
    checkDataFolder(config), checkSecret(config), checkDisk(config.dataDir),
    ...await checkDatabase(config), await checkPort(config),
  ]
}

const nameWidth = 'row-level security'.length

function formatCheck({ name, state, message, hint }: Check): string {
  return `${state.padEnd(4)}  ${name.padEnd(nameWidth)}  ${[message, hint].filter(Boolean).join(' ')}`
}

function summarize(checks: readonly Check[]): string {
  const count = (wanted: Check['state']) => checks.filter(({ state }) => state === wanted).length
  const [failed, warned] = [count('FAIL'), count('WARN')]
  if (failed + warned === 0) return 'All is well.'
  return `${failed} to repair (FAIL), ${warned} to look at (WARN).`
}
