/** Something that a person has to know of or to act on, for as long as it lasts. */
export type Problem = {
  readonly code: string
  readonly message: string
  readonly remedy: string
  /** Unix milliseconds. */
  readonly sinceMs: number
}

export type Problems = ReturnType<typeof createProblems>

/** The problems of now, by code. `onChange` hears of each once when it begins and once when it ends. */
export const createProblems = (
  now: () => number,
  onChange: (problem: Problem, state: 'begins' | 'ends') => void = () => {},
) => {
  const open = new Map<string, Problem>()
  const set = (code: string, message: string, remedy: string): void => {
    const known = open.get(code)
    const problem = { code, message, remedy, sinceMs: known?.sinceMs ?? now() }
    open.set(code, problem)
    if (known === undefined) onChange(problem, 'begins')
  }
  /** The problem that an error tells of, by its own code and remedy where it has them. */
  const setFrom = (error: unknown): void => {
    const { code = 'unexpected', message, remedy = 'Please report it with the log.' } = error as Partial<Problem>
    set(code, message ?? String(error), remedy)
  }
  const clear = (code: string): void => {
    const problem = open.get(code)
    if (problem !== undefined && open.delete(code)) onChange(problem, 'ends')
  }
  return {
    set,
    setFrom,
    clear,
    /** Of these codes the one of `error` holds, where there is one, and no other. */
    replace: (codes: readonly string[], error: { readonly code: string } | undefined): void => {
      for (const code of codes) if (code !== error?.code) clear(code)
      if (error !== undefined) setFrom(error)
    },
    has: (code: string): boolean => open.has(code),
    list: (): Problem[] => [...open.values()],
  }
}
