/** What a terminal would obey instead of showing it, but for ends of lines and tabs. */
const commands = /(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu

/** Of these, what JSON does not escape by itself. */
const commandsInJson = /[\u007f-\u009f\p{Bidi_Control}]/gu

/** Text for a terminal: customers, receivers and other tenants write names, messages and answers as they like. */
export function toPrintable(text: string): string {
  return text.replace(commands, '�')
}

/** JSON for programs, on one line unless `indent` is given; a terminal shows all of it, too. */
export function toPrintableJson(value: object, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(commandsInJson, escape)
}

const escape = (sign: string) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`
