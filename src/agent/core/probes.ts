/**
 * What the agent finds when it tries what macOS may forbid. macOS judges the program that launchd started, so only the
 * running agent can tell; other terminals ask it over its control socket (`probe-automation`, `probe-chat-db`).
 */
export type AutomationProbe = {
  /** unanswered: a prompt waits at the screen, most likely. unclear: something else went wrong, `said` has it. */
  readonly state: 'granted' | 'denied' | 'unanswered' | 'unclear'
  /** Of AppleScript, such as -1743. */
  readonly errorNumber?: number
  /** How many accounts Messages has, and how many of them are signed in. */
  readonly accounts?: number
  readonly enabledAccounts?: number
  readonly said?: string
  readonly tookMs: number
}

export type ChatDbProbe = {
  readonly readable: boolean
  /** Why not, with what to do about it. */
  readonly problem?: { readonly code: string; readonly message: string; readonly remedy: string }
  /** Highest ROWID there, and the one that the agent has come to. */
  readonly highestRowid?: number
  readonly seenRowid?: number
  /** When the newest incoming message was sent, and when the file last changed; Unix milliseconds. */
  readonly newestIncomingMs?: number
  readonly changedMs?: number
  /** Values of columns by which messages are judged that this version does not know. */
  readonly unknownValues?: readonly string[]
}
