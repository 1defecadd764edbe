/** What one reader of `GET /api/events/stream` has to know of what arrives, found with as little work as possible. */
export interface StreamParserOptions {
  /** Every event must name this organization. */
  organizationId: string
  /** An event arrived; `isForeign`: it does not name the organization. */
  onEvent(seq: number, isForeign: boolean): void
  /** Something without a number arrived that is no keep-alive, such as why the server ends the stream. */
  onNotice(text: string): void
}

export interface StreamParser {
  /** Takes what the connection brought, cut anywhere. */
  push(chunk: Buffer): void
}

const blockEnd = Buffer.from('\n\n')
const newline = 0x0a
const colon = 0x3a
const idField = Buffer.from('id:')
const nothing: Buffer = Buffer.alloc(0)

/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), as far as Hilo writes them. */
export function createStreamParser({ organizationId, onEvent, onNotice }: StreamParserOptions): StreamParser {
  const organization = Buffer.from(`"organizationId":${JSON.stringify(organizationId)}`)
  let rest: Buffer = nothing

  const take = (block: Buffer) => {
    const id = readId(block)
    if (id !== undefined) onEvent(id, !block.includes(organization))
    else if (hasField(block)) onNotice(block.toString('utf8'))
  }
  return {
    push(chunk) {
      const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      let start = 0
      for (let end = all.indexOf(blockEnd, start); end !== -1; end = all.indexOf(blockEnd, start)) {
        take(all.subarray(start, end))
        start = end + blockEnd.length
      }
      rest = all.subarray(start)
    },
  }
}

/** The number in the line `id: 42`, wherever it stands. */
function readId(block: Buffer): number | undefined {
  for (const start of lineStarts(block)) {
    if (block.compare(idField, 0, idField.length, start, start + idField.length) !== 0) continue
    return Number(block.toString('latin1', start + idField.length, lineEnd(block, start)))
  }
  return undefined
}

/** A comment begins with a colon; `retry:` says how long to wait and is no news either. */
function hasField(block: Buffer): boolean {
  return lineStarts(block).some((start) => (
    start < block.length && block[start] !== colon && !block.toString('latin1', start).startsWith('retry:')
  ))
}

function lineStarts(block: Buffer): number[] {
  const starts = [0]
  for (let end = block.indexOf(newline); end !== -1; end = block.indexOf(newline, end + 1)) starts.push(end + 1)
  return starts
}

function lineEnd(block: Buffer, start: number): number {
  const end = block.indexOf(newline, start)
  return end === -1 ? block.length : end
}
