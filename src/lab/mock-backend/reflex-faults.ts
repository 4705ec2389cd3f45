import { randomUUID } from 'node:crypto'
import type { PlannedReflex } from './send-reflex.ts'

/** What is sent in the place of a reflex. */
export type ReflexEffect = (reflex: PlannedReflex) => readonly PlannedReflex[]

/** Never written. */
export const drop: ReflexEffect = () => []

export const delay =
  (ms: number): ReflexEffect =>
  reflex => [{ ...reflex, delayMs: ms }]

/** Once the answer has been written, and this many ms later. */
export const afterAnswer =
  (ms = 0): ReflexEffect =>
  reflex => [{ ...reflex, after: 'answer', delayMs: ms }]

/** Under one command id, as a backend does that was not acked. */
export const twice: ReflexEffect = reflex => [reflex, reflex]

/** Under two command ids, as a backend does that forgot the first. */
export const twiceUnderNewId: ReflexEffect = reflex => [reflex, { ...reflex, command_id: randomUUID() }]

/** Words that the answer does not begin with. */
export const otherText = (text: string): ReflexEffect => rewrite(() => text)

/** The words of the reflex as they are changed here; the answer keeps its own. */
export const rewrite =
  (change: (text: string) => string): ReflexEffect =>
  reflex => [{ ...reflex, text: change(reflex.text) }]
