/** A state as people read it; JSON, logs and acks keep the names that the store has. */
export const showState = (state: string): string => STATES[state] ?? state

const STATES: Readonly<Record<string, string>> = {
  planned: 'waiting',
  parked: 'uncertain',
  // chat.db still has to decide.
  unknown: 'checking',
}
