/** What came to one reader or one webhook endpoint, in the order of arrival. */
export interface Arrivals {
  /** Place of its organization among the tenants. */
  tenant: number
  seqs: Float64Array
  /** When each came, in milliseconds since 1970. */
  atMs: Float64Array
}

/** Collects arrivals; two numbers each. */
export class ArrivalLog {
  readonly #tenant: number
  readonly #seqs: number[] = []
  readonly #atMs: number[] = []

  constructor(tenant: number) {
    this.#tenant = tenant
  }

  add(seq: number, atMs: number): void {
    this.#seqs.push(seq)
    this.#atMs.push(atMs)
  }

  toArrivals(): Arrivals {
    return { tenant: this.#tenant, seqs: Float64Array.from(this.#seqs), atMs: Float64Array.from(this.#atMs) }
  }
}
