/**
 * Whether an error code says that the other side could not prove to be the backend. Unlike a lost connection this is
 * seldom gone a second later. The names come from OpenSSL's X509 verification and from Node's own checks; EPROTO is what
 * a socket reports when the other side does not speak TLS at all.
 */
export const isTlsError = (code: string): boolean => TLS_CODE.test(code)

const TLS_CODE =
  /^(CERT_|CRL_|ERR_TLS_|ERR_SSL_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|EPROTO$)/
