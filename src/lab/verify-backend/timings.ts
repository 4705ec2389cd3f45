/** Every wait of the judge, in milliseconds. */
export type Timings = {
  /** For one answer, from the request to its last byte. */
  readonly timeoutMs: number
  readonly dialMs: number
  /** After an answer, for a reflex that is late or goes where none should. */
  readonly graceMs: number
  /** For what has happened here to be known over there, such as the end of a connection. */
  readonly settleMs: number
  /** How long a connection is left alone to see whether it lives. */
  readonly silenceMs: number
  readonly pongMs: number
}

/** The other waits follow from how long an answer may take. */
export const timingsFor = (timeoutMs: number): Timings => ({
  timeoutMs,
  dialMs: Math.min(timeoutMs, 10_000),
  graceMs: Math.min(timeoutMs / 20, 3_000),
  settleMs: Math.min(timeoutMs / 50, 300),
  silenceMs: Math.min(timeoutMs / 2, 5_000),
  pongMs: Math.min(timeoutMs, 5_000),
})
