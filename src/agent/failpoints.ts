/**
 * Named points at which a test can stop the agent dead: `EDGE_FAILPOINT=<point>[@n]:kill|pause`, at the n-th time it is
 * reached (default 1). Points are `<work>-before` and `<work>-after` of each commit and each effect that agent.ts wraps.
 * `kill` is SIGKILL, `pause` is SIGSTOP until the test sends SIGCONT. Only the environment of the process can set it;
 * without it nothing is wrapped.
 */
export const createFailpoints = (setting: string | undefined) => {
  const armed = setting === undefined || setting === '' ? undefined : parse(setting)
  let left = armed?.at ?? 0

  const reach = (point: string): void => {
    if (point !== armed?.point) return
    left -= 1
    if (left === 0) process.kill(process.pid, armed.signal)
  }
  return {
    /** The same function with a point before and after it; after: when it returned, or when its promise settled. */
    around: <A extends unknown[], R>(work: string, run: (...args: A) => R): ((...args: A) => R) => {
      if (armed === undefined) return run
      return (...args) => {
        reach(`${work}-before`)
        const result = run(...args)
        if (result instanceof Promise) return result.finally(() => reach(`${work}-after`)) as R
        reach(`${work}-after`)
        return result
      }
    },
    /** A transaction with a point inside it, right before its commit, and one after. */
    transaction: (work: string, transaction: Transaction): Transaction => {
      if (armed === undefined) return transaction
      return inside => {
        const result = transaction(() => {
          const value = inside()
          reach(`${work}-before`)
          return value
        })
        reach(`${work}-after`)
        return result
      }
    },
  }
}

type Transaction = <T>(work: () => T) => T

const parse = (setting: string) => {
  const match = /^(?<point>[a-z-]+)(?:@(?<at>\d+))?:(?<action>kill|pause)$/.exec(setting)
  if (match?.groups === undefined) throw new Error(`EDGE_FAILPOINT is "<point>[@n]:kill|pause", not "${setting}"`)
  const { point, at = '1', action } = match.groups
  return { point, at: Number(at), signal: action === 'kill' ? 'SIGKILL' : 'SIGSTOP' } as const
}
