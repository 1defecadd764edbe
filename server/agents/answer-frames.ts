/**
 * Frames of the API's streamed answers. Clients of the reference percent-decode the data, others do not: JSON without a
 * percent sign (`\u0025` stands for it) reads the same for both.
 */
export function writeJsonFrame(event: string, value: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(value).replaceAll('%', '\\u0025')}\n\n`
}

/** The end of every stream that did not fail. */
export const doneFrame = 'event: \ndata: [DONE]\n\n'
