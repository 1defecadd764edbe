import type { Tenant } from '../workload.ts'

async function call<Answer>(url: string, { key }: Tenant, init?: RequestInit): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'authorization': `Bearer ${key}` }
  const response = await fetch(url, { ...init, headers })
  if (!response.ok) throw new Error(`${init?.method ?? 'GET'} ${url} answered ${response.status}: ${await response.text()}`)
  return await response.json() as Answer
}

/** Number of the newest event of each tenant's organization. */
export async function readLastSeqs(url: string, tenants: readonly Tenant[]): Promise<number[]> {
  const pages = await Promise.all(tenants.map((tenant) => (
    call<{ lastSeq: number }>(`${url}/api/events?limit=1`, tenant)
  )))
  return pages.map(({ lastSeq }) => lastSeq)
}

/** Creates a webhook endpoint. @returns number of the first event that will be sent there. */
export async function createEndpoint(url: string, tenant: Tenant, receiverUrl: string): Promise<number> {
  const body = JSON.stringify({ url: receiverUrl })
  const { lastSeq } = await call<{ lastSeq: number }>(`${url}/api/webhook-endpoints`, tenant, { method: 'POST', body })
  return lastSeq + 1
}
