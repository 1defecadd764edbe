import type { Command } from 'commander'

/** `hilo serve`: the server, as `npm start` runs it. */
export function addServe(program: Command): void {
  program.command('serve')
    .description('start the server, as "npm start" does, and run until it is stopped (Ctrl-C)')
    .action(async () => void await import('../main.ts'))
}
