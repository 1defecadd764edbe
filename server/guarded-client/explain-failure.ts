import { GuardError } from './guard-error.ts'

/** By the code of the error; what is not here is shown with its code. */
const explanations: Record<string, string> = {
  ENOTFOUND: 'does not exist in the DNS: is it spelt right?',
  ENODATA: 'has no address in the DNS.',
  ECONNREFUSED: 'refuses the connection: nothing listens on this port.',
  ECONNRESET: 'broke off the connection.',
  UND_ERR_SOCKET: 'broke off the connection.',
  EPIPE: 'broke off the connection.',
  EHOSTUNREACH: 'cannot be reached from here.',
  ENETUNREACH: 'cannot be reached from here.',
  ETIMEDOUT: 'does not take connections: no answer on this port.',
  UND_ERR_CONNECT_TIMEOUT: 'does not take connections: no answer on this port.',
  EPROTO: 'does not speak TLS on this port: is it an http:// address?',
  ERR_SSL_WRONG_VERSION_NUMBER: 'does not speak TLS on this port: is it an http:// address?',
  UND_ERR_HEADERS_TIMEOUT: 'did not answer: not even the beginning of it came.',
  UND_ERR_BODY_TIMEOUT: 'stopped in the middle of its answer.',
  UND_ERR_HEADERS_OVERFLOW: 'answers with headers that are too long.',
  CERT_HAS_EXPIRED: 'shows a certificate that has expired.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'shows a certificate of another host.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'shows a certificate that it signed itself.',
  SELF_SIGNED_CERT_IN_CHAIN: 'shows a certificate of an unknown authority.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'shows a certificate of an unknown authority.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'leaves out the intermediate certificate: have it send the whole chain.',
}

function readCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return readCode(error.errors[0])
  if (!(error instanceof Error)) return 'no error'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

/** Asking a name server, by either way of resolve-host.ts: its codes say something else of a connection. */
function isLookup(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && /^(query|getaddrinfo)/.test(String(error.syscall))
}

/** Turns what the network said into words for the person who gave the address. */
export function explainFailure(error: unknown, host: string): GuardError {
  const code = readCode(error)
  if (isLookup(error) && code !== 'ENOTFOUND' && code !== 'ENODATA') {
    return new GuardError('FAILED', `"${host}" could not be looked up: no answer from the DNS (${code}).`, { cause: error })
  }
  if (code.startsWith('HPE_') || code === 'HTTPParserError') {
    return new GuardError('FAILED', `"${host}" does not answer in HTTP.`, { cause: error })
  }
  return new GuardError('FAILED', `"${host}" ${explanations[code] ?? `could not be called (${code}).`}`, { cause: error })
}
