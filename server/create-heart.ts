/** Does something again and again, each time after it was through. It keeps no process alive. */
export interface Heart {
  /** Resolves after the first beat. */
  start(): Promise<void>
  /** Waits for the beat that is on its way. */
  stop(): Promise<void>
}

/** A beat that fails is no reason to stop. */
export function createHeart(
  beat: () => Promise<void>, { beatMs, onError }: { beatMs: number, onError(error: unknown): void },
): Heart {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let beating = Promise.resolve()
  const once = async (): Promise<void> => {
    await beat().catch(onError)
    if (!isStopped) timer = setTimeout(() => void (beating = once()), beatMs).unref()
  }
  return {
    start: () => beating = once(),
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await beating
    },
  }
}
