export interface Gate {
  /** Has work done for these, soon, together with all that is asked for until then. */
  pass(names: readonly string[]): void
  close(): void
}

/**
 * Gathers what is asked for while work is being done, and does it together afterwards. A first one goes at once.
 * @param work is given each name once, and returns those that need more. If it fails, it is done again for all of them.
 */
export function createGate(
  work: (names: string[]) => Promise<string[]>, { pauseMs, retryMs }: { pauseMs: number, retryMs: number },
): Gate {
  const waiting = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let isRunning = false
  let isClosed = false

  const pass = (names: readonly string[]) => {
    for (const name of names) waiting.add(name)
    if (isRunning || isClosed || waiting.size === 0) return
    isRunning = true
    void run()
  }
  const run = async () => {
    const names = [...waiting]
    waiting.clear()
    const rest = await work(names).catch(() => undefined)
    for (const name of rest ?? names) waiting.add(name)
    const again = () => {
      isRunning = false
      pass([])
    }
    if (rest && rest.length > 0) again()
    else timer = setTimeout(again, rest ? pauseMs : retryMs)
  }
  return {
    pass,
    close() {
      isClosed = true
      clearTimeout(timer)
    },
  }
}
