import { EXIT } from '../../agent/core/errors.ts'

/** In the order in which they are shown: each rests on those before it. */
export const GROUPS = [
  'system',
  'node',
  'settings',
  'service',
  'agent',
  'permissions',
  'messages',
  'backend',
  'state',
] as const
export type Group = (typeof GROUPS)[number]

export type CheckState = 'ok' | 'warning' | 'failed' | 'skipped'

/** One thing that was looked at. No text of a message, no number of a person and no secret is in any of it. */
export type Check = {
  /** Stable, for programs. */
  readonly code: string
  readonly group: Group
  /** skipped: it means nothing here, or could not be looked at; `seen` says why. */
  readonly state: CheckState
  readonly seen: string
  /** A command, or a place to go to. */
  readonly cure?: string
}

type Word = (code: string, seen: string, cure?: string) => Check

/** The four verdicts of a group. */
export const verdictsOf = (group: Group): Readonly<Record<CheckState, Word>> => {
  const word =
    (state: CheckState): Word =>
    (code, seen, cure) => ({ code, group, state, seen, ...(cure !== undefined && { cure }) })
  return { ok: word('ok'), warning: word('warning'), failed: word('failed'), skipped: word('skipped') }
}

/** What is said of a check whose tool is missing. */
export const NOT_HERE = 'not on this system'

/** 0 where nothing fails; the kind of the failures where all are of one kind, 1 else. */
export const exitOf = (checks: readonly Check[]): number => {
  const exits = new Set(
    checks.filter(({ state }) => state === 'failed').map(({ group }) => EXITS[group] ?? EXIT.failure),
  )
  const [first = EXIT.ok, ...others] = exits
  return others.length === 0 ? first : EXIT.failure
}

const EXITS: Partial<Record<Group, number>> = {
  settings: EXIT.config,
  permissions: EXIT.permission,
  backend: EXIT.unreachable,
}
