import type { FastifyReply } from 'fastify'

/** Upper bounds in milliseconds; a recorded message takes a few. */
const bounds = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]
const name = 'hilo_http_request_duration_seconds'

interface Series {
  labels: string
  /** How many lasted no longer than each bound and longer than the one before; the last one: longer than all. */
  counts: number[]
  sumMs: number
}

export interface Durations {
  /** `path`: the pattern of the route. */
  observe(method: string, path: string, reply: Pick<FastifyReply, 'statusCode' | 'elapsedTime'>): void
  /** As Prometheus reads it (https://prometheus.io/docs/instrumenting/exposition_formats/). */
  print(): string
}

function printSeries({ labels, counts, sumMs }: Series): string[] {
  let total = 0
  const buckets = counts.map((count, index) => {
    total += count
    const bound = bounds[index]
    return `${name}_bucket{${labels},le="${bound === undefined ? '+Inf' : bound / 1000}"} ${total}`
  })
  return [...buckets, `${name}_sum{${labels}} ${sumMs / 1000}`, `${name}_count{${labels}} ${total}`]
}

/** A histogram of how long requests take. By hand: it runs for every request, and prom-client's takes far longer. */
export function createDurations(): Durations {
  const byKey = new Map<string, Series>()

  const findSeries = (method: string, path: string, status: number): Series => {
    const key = `${status}${method}${path}`
    let series = byKey.get(key)
    if (!series) {
      const labels = `method="${method}",path="${path}",status="${status}xx"`
      byKey.set(key, series = { labels, counts: Array.from({ length: bounds.length + 1 }, () => 0), sumMs: 0 })
    }
    return series
  }

  return {
    observe(method, path, { statusCode, elapsedTime }) {
      const series = findSeries(method, path, Math.trunc(statusCode / 100))
      const index = bounds.findIndex((bound) => elapsedTime <= bound)
      series.counts[index === -1 ? bounds.length : index]!++
      series.sumMs += elapsedTime
    },
    print: () => [
      `# HELP ${name} Time from a request to the end of its answer.`,
      `# TYPE ${name} histogram`,
      ...[...byKey.values()].flatMap(printSeries),
      '',
    ].join('\n'),
  }
}
