/** What kind of backend a run has to do with. */
export const BACKEND_KINDS = {
  plain: { inReplyTo: false },
  forgetful: { inReplyTo: false, idempotency: false },
  naming: {},
  correlation: { dialect: 'correlation' },
  'one-line': { inReplyTo: false },
  'three-lines': { inReplyTo: false },
  llm: { inReplyTo: false },
} as const
export type BackendKind = keyof typeof BACKEND_KINDS

/** Of a run that is about conversations, and about how soon each first bubble is there: how many stock lines there are. */
export const STOCK_LINES_OF: Readonly<Partial<Record<BackendKind, number>>> = {
  'one-line': 1,
  'three-lines': 3,
  llm: 0,
}
