/** For `@microsoft/fetch-event-source`, which asks the page that it runs in whether it can be seen. */
export async function inPage(work: () => Promise<void>): Promise<void> {
  const names = ['document', 'window'] as const
  const page = { addEventListener() {}, removeEventListener() {}, hidden: false, setTimeout, clearTimeout }
  for (const name of names) Object.defineProperty(globalThis, name, { value: page, configurable: true })
  try {
    await work()
  } finally {
    for (const name of names) Reflect.deleteProperty(globalThis, name)
  }
}
