/** What the line of a self-test begins with. Its copy that comes back is nobody's message. */
export const SELFTEST_MARK = 'edge-agent selftest'

/**
 * In their order; a line has an osascript started, or its job handed to one that stood ready. Phases are those of the
 * script, as they were seen in its file.
 */
export const SELFTEST_STEPS = [
  'planned',
  'intent stored',
  'osascript started',
  'job handed',
  'phase resolve',
  'phase send',
  'phase done',
  'osascript ended',
  'row seen',
  'confirmed',
] as const
export type SelftestStep = (typeof SELFTEST_STEPS)[number]

export type SelftestWay = 'warm' | 'cold'

/** How one line of a self-test went. */
export type SelftestRun = {
  readonly outcome: 'confirmed' | 'failed' | 'parked' | 'not_allowed' | 'timed_out'
  /** Where it stopped, and why. */
  readonly state: string
  /** warm: by an osascript that stood ready. */
  readonly way: SelftestWay
  readonly reason?: string
  readonly tries: number
  /** Milliseconds since it was planned; what was not seen is missing. */
  readonly stepsMs: Readonly<Partial<Record<SelftestStep, number>>>
}
