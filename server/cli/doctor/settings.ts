import { findUnknownSettings, readVariable, settings } from '../../config.ts'
import { editDistance } from '../../conversations/edit-distance.ts'
import type { Check } from './check.ts'

const name = 'settings'
const known = Object.values(settings).map(({ env }) => env)
const allowedTypos = 3

/** Every wrong setting, every variable that looks like a setting and is none; else which are set. Never a value. */
export function checkSettings(env: NodeJS.ProcessEnv): Check[] {
  const problems = [...findWrong(env), ...findUnknown(env)]
  if (problems.length > 0) return problems
  const set = known.filter((one) => readVariable(env, one))
  return [{ name, state: 'OK', message: set.length > 0 ? `${set.join(', ')}; else defaults.` : 'All defaults.' }]
}

function findWrong(env: NodeJS.ProcessEnv): Check[] {
  return Object.values(settings).flatMap(({ env: variable, parse }): Check[] => {
    try {
      const text = readVariable(env, variable)
      if (text !== undefined) parse(text)
      return []
    } catch (error) {
      return [{ name, state: 'FAIL', message: `${variable} ${(error as Error).message}.`, hint: 'Correct or unset it.' }]
    }
  })
}

function findUnknown(env: NodeJS.ProcessEnv): Check[] {
  return findUnknownSettings(env).map((variable) => {
    const nearest = known.toSorted((a, b) => editDistance(variable, a) - editDistance(variable, b))[0]!
    const isNear = editDistance(variable, nearest) <= allowedTypos
    return {
      name,
      state: 'WARN',
      message: `${variable} is no setting of this version, so it does nothing.`,
      hint: isNear ? `Did you mean ${nearest}?` : 'The README lists them all.',
    }
  })
}
