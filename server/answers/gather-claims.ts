import type { Database } from '../database/schema.ts'
import { inOrganizations } from '../database/transactions.ts'
import { createGroupCommit } from '../group-commit.ts'
import { claimTurns } from './claim-turns.ts'
import type { Claim, ClaimRequest } from './start-turns.ts'

/** Turns that begin in one transaction. */
const batchSize = 100

export type ClaimTurn = (request: ClaimRequest) => Promise<Claim>

/** Begins together the turns that are asked for at the same time, as `ingest` records messages. */
export function gatherClaims(db: Database, runnerId: string): ClaimTurn {
  const gathered = createGroupCommit((requests: ClaimRequest[]) => {
    const organizationIds = [...new Set(requests.map(({ organizationId }) => organizationId))]
    return inOrganizations(db, organizationIds, (tx) => claimTurns(tx, requests, runnerId))
  }, batchSize)
  return async (request) => (await gathered.submit([request]))[0]!
}
