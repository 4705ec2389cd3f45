import type { Summary } from './statistics.ts'

/** One question, and what was measured to answer it. */
export type Figure = {
  readonly title: string
  readonly unit: 'ms' | '% of a core' | 'MB'
  readonly rows: readonly Row[]
}

export type Row = Summary & {
  readonly what: string
  /** A floor is what the machine, Node and the disk take by themselves, without anything of ours. */
  readonly kind: 'agent' | 'backend' | 'floor'
  /** How many of them there were a second. */
  readonly perSecond?: number
  readonly goal?: Goal
  /** The lowest and the highest of the medians of several rounds. */
  readonly spread?: readonly [number, number]
  /** What else is to be said of it. */
  readonly note?: string
}

/** What the median has to stay below or at, and where that comes from. */
export type Goal = { readonly atMost: number; readonly words: string }
