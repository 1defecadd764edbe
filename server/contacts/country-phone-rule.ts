/** How a number was written: after its calling code, or as it is dialled inside its country. */
export interface Writing {
  international: boolean
  whatsapp: boolean
}

/**
 * `digits` with the calling code; `aliases` are other writings that only hint at the same person. `why` completes the
 * sentence "… is no phone number: "; `incomplete`: a local number, whose area code only its writer knows.
 */
export type RuleReading =
  | { ok: true, digits: string, aliases?: string[] }
  | { ok: false, why: string, incomplete?: boolean }

/** What we know about the numbers of a country beyond libphonenumber, which does not know WhatsApp. */
export interface CountryPhoneRule {
  callingCode: string
  /** Countries (ISO 3166) whose national form the rule reads. */
  countries: readonly string[]
  read(national: string, writing: Writing): RuleReading
}
