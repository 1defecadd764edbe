import { toCount } from '../option-values.ts'

/** What `--answers` measures. */
export interface AnswerOptions {
  /** How long the model thinks before its first word. */
  delayMs: number
  /** Conversations in which somebody asks at the same time; one measurement each. */
  concurrency: number[]
}

export const answerOptions = {
  delay: { type: 'string', default: '1000' },
  concurrency: { type: 'string', default: '1,50,500' },
} as const

export const answerHelp = `With --answers, --only c,e says over which databases (c), and:

  --delay N           milliseconds that the model thinks before its first word (1000)
  --concurrency LIST  conversations in which somebody asks at the same time (1,50,500)
`

/** Reads what belongs to `--answers`. @throws Error that says what is wrong. */
export function readAnswerOptions({ delay, concurrency }: Record<'delay' | 'concurrency', string>): AnswerOptions {
  return {
    delayMs: toCount('delay', delay),
    concurrency: concurrency.split(',').map((text) => toCount('concurrency', text.trim())),
  }
}
