/**
 * Whether a POST that ended for this reason never came to a connection to the backend, so that nothing left this Mac:
 * nobody was there, the name means nothing, the certificate was refused, or the request could not be made at all. Errors
 * that may come in the middle of a connection count as one.
 */
export const neverConnected = (reason: string): boolean => CERTIFICATE.test(reason) || UNREACHED.has(reason)

/** Judged before a word of the request is written. */
const CERTIFICATE =
  /^tls_(CERT_|CRL_|ERR_TLS_CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/

const UNREACHED: ReadonlySet<string> = new Set([
  'bad_request',
  'network_ECONNREFUSED',
  'network_ENOTFOUND',
  'network_EAI_AGAIN',
  'network_EAI_FAIL',
  'network_CONNECT_TIMEOUT',
  'network_EHOSTUNREACH',
  'network_ENETUNREACH',
  'network_EHOSTDOWN',
  'network_ENETDOWN',
  'network_EADDRNOTAVAIL',
])
