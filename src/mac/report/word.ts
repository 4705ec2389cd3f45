/** A value that is a word as programs have them: `no_such_chat`, `network_ECONNRESET`, `EPERM`; undefined for any other. */
export const word = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length <= 60 && (OURS.test(value) || SYSTEMS.test(value)) && !/\d{5}/.test(value)
    ? value
    : undefined

const OURS = /^[a-z][a-zA-Z0-9]*([_-][A-Za-z0-9]+)*$/
/** Of Node, OpenSSL and SQLite. */
const SYSTEMS = /^(E[A-Z0-9]{3,15}|(ERR|SQLITE|CERT|UNABLE|DEPTH|SELF|HOSTNAME|WS_ERR)_[A-Z0-9_]+)$/
