import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Config } from '../../config.ts'
import type { Check } from './check.ts'

const name = 'port'
const answerWithinMs = 3_000

/** Whether the server can listen where it is told to, or a Hilo listens there already. */
export async function checkPort({ host, port }: Pick<Config, 'host' | 'port'>): Promise<Check> {
  const where = `${host}:${port}`
  if (port === 0) return { name, state: 'OK', message: 'The system picks a free one (HILO_PORT=0).' }
  const code = await tryToListen(host, port)
  if (code === undefined) return { name, state: 'OK', message: `${where} is free.` }
  if (code === 'EADDRINUSE') return checkNeighbour(host, port)
  const hint = code === 'EACCES'
    ? 'Take a HILO_PORT of 1024 or more: lower ones are for root.'
    : 'HILO_HOST must be an address of this machine, such as 127.0.0.1 or 0.0.0.0.'
  return { name, state: 'FAIL', message: `Hilo cannot listen on ${where} (${code}).`, hint }
}

/** The error code of listening there, or undefined when it works. */
async function tryToListen(host: string, port: number): Promise<string | undefined> {
  const server = createServer()
  try {
    server.listen({ host, port })
    await once(server, 'listening')
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  } finally {
    server.close()
  }
}

/** Says who listens there. A Hilo is known by the answer of its `/readyz`. */
async function checkNeighbour(host: string, port: number): Promise<Check> {
  const where = `${host}:${port}`
  const { status, isHilo } = await askReadiness(host, port)
  if (!isHilo) {
    const hint = 'Stop that one, or set HILO_PORT to a free port.'
    return { name, state: 'FAIL', message: `Another program listens on ${where}.`, hint }
  }
  if (status === 200) return { name, state: 'OK', message: `A Hilo listens on ${where}, ready to record messages.` }
  const hint = 'Its log says why; the most usual reason is a database that is away.'
  return { name, state: 'FAIL', message: `A Hilo listens on ${where}, but cannot record messages now.`, hint }
}

async function askReadiness(host: string, port: number): Promise<{ status?: number, isHilo: boolean }> {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  const address = reachable.includes(':') ? `[${reachable}]` : reachable
  try {
    const response = await fetch(`http://${address}:${port}/readyz`, { signal: AbortSignal.timeout(answerWithinMs) })
    const body = await response.json() as { status?: unknown } | null
    const isHilo = response.headers.has('x-request-id') && ['ok', 'unavailable'].includes(String(body?.status))
    return { status: response.status, isHilo }
  } catch {
    return { isHilo: false }
  }
}
