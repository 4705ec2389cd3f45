/** What flows and edges need of a logger: one event, with fields. No texts, no numbers of people, no secret. */
export type Log = {
  readonly [level in 'debug' | 'info' | 'warn' | 'error']: (fields: Record<string, unknown>, event: string) => void
}
