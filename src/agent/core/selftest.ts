/** What the line of a self-test begins with. Its copy that comes back is nobody's message. */
export const SELFTEST_MARK = 'edge-agent selftest'

/** In their order. Phases are those of send.applescript, as they were seen in its file. */
export const SELFTEST_STEPS = [
  'planned',
  'intent stored',
  'osascript started',
  'phase resolve',
  'phase send',
  'phase done',
  'osascript ended',
  'row seen',
  'confirmed',
] as const
export type SelftestStep = (typeof SELFTEST_STEPS)[number]

/** How one line of a self-test went. */
export type SelftestRun = {
  readonly outcome: 'confirmed' | 'failed' | 'parked' | 'not_allowed' | 'timed_out'
  /** Where it stopped, and why. */
  readonly state: string
  readonly reason?: string
  readonly tries: number
  /** Milliseconds since it was planned; what was not seen is missing. */
  readonly stepsMs: Readonly<Partial<Record<SelftestStep, number>>>
}
