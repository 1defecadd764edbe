/** Every item of a list, page by page: whoever sits at a terminal wants to see them all. */
export async function readAllPages<Item>(
  readPage: (query: { limit: number, cursor?: string }) => Promise<{ items: Item[], nextCursor: string | null }>,
): Promise<Item[]> {
  const all: Item[] = []
  let cursor: string | undefined
  do {
    const { items, nextCursor } = await readPage({ limit: 100, cursor })
    all.push(...items)
    cursor = nextCursor ?? undefined
  } while (cursor !== undefined)
  return all
}
