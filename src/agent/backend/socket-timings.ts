/** Every wait of the WebSocket's life, in milliseconds. */
export type SocketTimings = {
  /** From the dial to the accepted upgrade, all of it. */
  readonly dialMs: number
  /** A connection that is closing gets this long to end by itself. */
  readonly closeMs: number
  readonly pingEveryMs: number
  /** Silence after a ping that means death. */
  readonly silenceMs: number
  /** The same, for the ping after a sleep. */
  readonly probeMs: number
  readonly tickMs: number
  /** A tick that is late by more than this means that the machine slept. */
  readonly lagMs: number
  /** A connection that lived this long forgets the failures before it. */
  readonly stableMs: number
  readonly backoffBaseMs: number
  readonly backoffCapMs: number
  /** The backend restarts: the first dial comes within this time. */
  readonly restartMs: number
  /** The backend asks for patience: the first wait. */
  readonly busyBaseMs: number
  /** Nothing but a person can help: unauthorised, no such path, wrong certificate. */
  readonly wrongEndpointMs: number
  /** Longest wait after another agent of this id took over. */
  readonly replacedMs: number
  /** How often a wait looks whether the secret has been changed. */
  readonly secretPollMs: number
}

/** A half-open connection is found after `pingEveryMs + silenceMs`: 15 s. */
export const SOCKET_TIMINGS: SocketTimings = {
  dialMs: 10_000,
  closeMs: 1_000,
  pingEveryMs: 10_000,
  silenceMs: 5_000,
  probeMs: 3_000,
  tickMs: 1_000,
  lagMs: 3_000,
  stableMs: 10_000,
  backoffBaseMs: 500,
  backoffCapMs: 30_000,
  restartMs: 1_000,
  busyBaseMs: 5_000,
  wrongEndpointMs: 60_000,
  replacedMs: 60_000,
  secretPollMs: 5_000,
}
