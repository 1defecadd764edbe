import type { NewIdentity } from '../messages/new-message.ts'

/** Whether these are two phones that nothing says are one. */
export function phonesDiffer(one: NewIdentity, other: Pick<NewIdentity, 'kind' | 'value'>): boolean {
  if (one.kind !== 'phone' || other.kind !== 'phone') return false
  return one.value !== other.value && !one.hints?.includes(other.value)
}
