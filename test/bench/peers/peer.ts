/** What the harness has to know of an agent: how it is started, where it reads, what it POSTs. */
export type Peer = {
  readonly name: string
  /** Does nothing but the work itself: what the others are compared with. */
  readonly isFloor?: boolean
  /** Starts it as its users do. Resolves when it has its first look at chat.db behind it: from here on it is measured. */
  readonly start: (place: Place) => Promise<Running>
  /** The text of the message that a request of it brings; undefined where it brings none. */
  readonly textOf: (request: { readonly path: string; readonly body: string }) => string | undefined
  /** The answer by which it knows that the message arrived and that there is nothing to say; by default `{}`. */
  readonly answer?: { readonly contentType: string; readonly body: string }
}

export type Place = {
  /** An empty folder of its own, for its state and as its home. */
  readonly dir: string
  /** Where it reads: a chat.db as Messages has it. */
  readonly chatDb: string
  /** Where it POSTs: any path below this. A WebSocket is taken at any path, too, and stays silent. */
  readonly backendUrl: string
  /** Resolves with its WebSocket, for those that have one. */
  readonly connected: Promise<unknown>
}

export type Running = {
  /** Of the process whose memory and processor time are measured. */
  readonly pid: number
  readonly stop: () => Promise<unknown>
}
