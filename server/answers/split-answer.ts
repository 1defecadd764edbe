/** Most messages of one answer: more of them are a nuisance on a telephone. */
const mostParts = 6

/**
 * Cuts an answer into the messages that a person would send: at its blank lines. What is more than enough stays
 * together in the last one. Lists and code keep together, as their lines are not apart.
 */
export function splitAnswer(text: string): string[] {
  const parts = text.split(/\n[ \t]*\n+/).map((part) => part.trim()).filter((part) => part !== '')
  return parts.length <= mostParts
    ? parts : [...parts.slice(0, mostParts - 1), parts.slice(mostParts - 1).join('\n\n')]
}
