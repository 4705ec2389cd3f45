type Counts = Readonly<Record<string, number>>

/** What the store counts of a span of time, as it stands there. Times are Unix milliseconds. */
export type Audit = {
  readonly sinceMs: number
  readonly nowMs: number
  /** From then on every message is there; what ended before is only counted, in `older`. */
  readonly completeSinceMs: number
  /** From then on every POST is told. */
  readonly storiesSinceMs: number
  readonly messages: readonly MessageCount[]
  /** How many of these only tell the backend of an edit or a withdrawal. */
  readonly events: number
  /** What came of the POSTs that are told one by one: `answered`, a reason, or null where it is not known (yet). */
  readonly posts: readonly {
    readonly to: string | null
    readonly outcome: string | null
    readonly posts: number
    readonly messages: number
  }[]
  /** Names of the fields in the body of the POSTs. */
  readonly fields: readonly { readonly fields: string; readonly messages: number }[]
  readonly redacted: readonly {
    readonly kind: string
    readonly left: boolean
    readonly things: number
    readonly messages: number
  }[]
  readonly bubbles: readonly {
    /** answer, reflex, own (a line of a self-test), or the type of the command. */
    readonly kind: string
    readonly state: string
    readonly reason: string | null
    readonly bubbles: number
  }[]
  /** To how many threads something was sent. */
  readonly threads: number
  readonly commands: readonly {
    readonly type: string
    readonly status: string
    readonly error: string | null
    readonly detail: string | null
    readonly commands: number
  }[]
  readonly acks: { readonly delivered: number; readonly owed: number; readonly repeats: number }
  /** Rows of this account that were passed over, since the first start. */
  readonly own: number
  /** What is only counted, by state. */
  readonly older: { readonly messages: Counts; readonly bubbles: Counts; readonly commands: Counts }
}

type MessageCount = {
  /** At least one POST of it came to a connection. */
  readonly left: boolean
  readonly state: string
  readonly reason: string | null
  readonly rule: string | null
  readonly messages: number
  readonly posts: number
  readonly unconnected: number
}

/** One message in the list of an audit. */
export type AuditedMessage = {
  readonly id: number
  readonly guid: string
  readonly threadId: string | null
  readonly seenMs: number
  readonly state: string
  readonly reason: string | null
  readonly rule: string | null
  readonly redacted: Counts
  readonly posts: number
  readonly unconnected: number
}
