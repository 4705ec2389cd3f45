/** Exit codes of every command, after sysexits(3) where it has one. */
export const EXIT = {
  ok: 0,
  failure: 1,
  cancelled: 2,
  notRunning: 3,
  usage: 64,
  unreachable: 69,
  alreadyRunning: 75,
  permission: 77,
  config: 78,
} as const

/** An error that a person will read: what happened, to what, and what to do about it. */
export class EdgeError extends Error {
  override readonly name: string = 'EdgeError'
  /** Stable, for programs. */
  readonly code: string
  readonly remedy: string | undefined
  /** Exit code of a command that ends with this error. */
  readonly exit: number

  constructor(
    code: string,
    message: string,
    options: { readonly remedy?: string; readonly exit?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.remedy = options.remedy
    this.exit = options.exit ?? EXIT.failure
  }
}
