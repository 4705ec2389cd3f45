/** Which story: by the guid of a message or of a sent row, `m12`, `b34`, `s5`, or a command's id; or the latest one, of these threads or of all. */
export type StoryAsked =
  | { readonly id: string }
  | { readonly last: true; readonly threads?: readonly string[] | undefined }

/** What the store knows of one message and of all that came of it, without words. Times are Unix milliseconds. */
export type Story = {
  readonly message?: MessageFacts
  /** In the order in which they came. */
  readonly commands: readonly CommandFacts[]
  /** In the order in which they were planned. */
  readonly bubbles: readonly BubbleFacts[]
}

/** One step of a message, bubble or command; `seq` orders the steps of all of them, whatever the clock does. */
export type Step = {
  readonly seq: number
  readonly atMs: number
  readonly state: string
  readonly reason?: string
  /** The number of the POST or the try. */
  readonly n?: number
  /** How long it is to wait for the next one, and whether the backend asked for that. */
  readonly waitMs?: number
  readonly asked?: boolean
}

/** Texts are known by their length in characters; `wipedMs`: when the words were removed. */
type Words = { readonly length?: number; readonly wipedMs?: number }

export type MessageFacts = Words & {
  /** As in the queue: m12. */
  readonly id: string
  readonly guid: string
  readonly threadId?: string
  readonly service?: string
  readonly isGroup?: boolean
  /** When its sender sent it, by the sender's clock. */
  readonly dateMs?: number
  readonly seenMs: number
  readonly state: string
  readonly reason?: string
  /** The rule of the filter that decided. */
  readonly rule?: string
  /** It tells the backend what became of another message, whose guid is `about`. */
  readonly event?: 'edited' | 'unsent'
  readonly about?: string
  /** When its sender last edited it, and took it back, as far as it was seen here. */
  readonly editedMs?: number
  readonly withdrawnMs?: number
  /** What the backend was, or is to be, told of that, each a message of its own. */
  readonly told: readonly { readonly id: string; readonly event: 'edited' | 'unsent'; readonly state: string }[]
  /** What was taken out: kind → how often. */
  readonly redacted: Readonly<Record<string, number>>
  readonly posts: number
  /** Of these, those that never came to a connection. */
  readonly unconnected: number
  readonly postedFields?: readonly string[]
  readonly nextPostMs?: number
  readonly answeredMs?: number
  /** How many bubbles its answer has. */
  readonly bubbles?: number
  /** A1 to A3: how its first bubble met a reflex. */
  readonly answerRule?: string
  readonly steps: readonly Step[]
}

export type CommandFacts = Words & {
  readonly id: string
  readonly type: string
  readonly threadId?: string
  readonly role: string
  readonly rule?: string
  readonly receivedMs: number
  readonly status: string
  readonly error?: string
  readonly detail?: string
  /** Its bubble, as in the queue; none where it was not sent itself. */
  readonly bubble?: string
  readonly ackOwed: boolean
  /** How often it came again. */
  readonly repeats: number
  /** The message that it has sent at a time; its id as in the queue: s5. */
  readonly schedule?: {
    readonly id: string
    readonly name: string
    readonly state: string
    readonly sendAtMs: number
    readonly length: number
  }
  readonly steps: readonly Step[]
}

export type BubbleFacts = Words & {
  /** As in the queue: b34. */
  readonly id: string
  readonly threadId: string
  readonly state: string
  readonly reason?: string
  /** What holds it back now. */
  readonly waitsFor?: string
  readonly tries: number
  /** In the answer, from 0; none where a command brought it. */
  readonly position?: number
  /** Which part it is of a text that was too long, counted from 1, and of how many. */
  readonly part?: number
  readonly parts?: number
  readonly commandId?: string
  readonly plannedMs: number
  /** guid of the row of chat.db that proves it. */
  readonly rowGuid?: string
  readonly steps: readonly Step[]
}
