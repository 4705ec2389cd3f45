/** One turn of a thread: something came in, or something of ours went out. Times in milliseconds of one clock. */
export type Turn =
  | { readonly kind: 'incoming'; readonly atMs: number; readonly says: string }
  | { readonly kind: 'sent'; readonly atMs: number }

export type LoopRules = {
  /** So many rounds without a pause are a loop; 0: nothing is. */
  readonly rounds: number
  /** Who takes longer to answer us makes a pause. */
  readonly gapMs: number
}

/** How many turns, each the other's, are worth keeping: more tell nothing new. */
export const keptTurns = ({ rounds }: LoopRules): number => 2 * 3 * Math.max(rounds, SAME_ROUNDS) + 2

/**
 * Do two machines answer each other here? A round is something of ours and what came in within `gapMs` of it. It is a
 * loop after `rounds` of them without a pause, or after six in which the other side said the very same. People write
 * several lines in no time, and then take their time to read: where one in five of the other side's answers took longer
 * than a sixth of the gap, it takes twice as many, and where longer than a third, three times. `turns` are those of one
 * thread, oldest first; the last one counts with all that lead up to it without a pause.
 */
export const judgeLoop = (turns: readonly Turn[], rules: LoopRules): 'none' | 'rounds' | 'same_words' => {
  if (rules.rounds === 0) return 'none'
  const rounds = roundsOf(turns, rules.gapMs)
  const last = rounds.at(-1)
  const same = rounds.slice(rounds.findLastIndex(({ says }) => says !== last?.says) + 1)
  if (same.length >= SAME_ROUNDS * patience(same, rules)) return 'same_words'
  return rounds.length >= rules.rounds * patience(rounds, rules) ? 'rounds' : 'none'
}

const SAME_ROUNDS = 6

type Round = { readonly says: string; readonly tookMs: number }

/** Those up to the last turn, since the last pause. What comes in before we have said anything more is the same round. */
const roundsOf = (turns: readonly Turn[], gapMs: number): readonly Round[] => {
  let rounds: Round[] = []
  let sentMs: number | undefined
  let isAnswered = true
  for (const turn of turns) {
    if (turn.kind === 'sent') {
      sentMs = turn.atMs
      isAnswered = false
    } else if (!isAnswered && sentMs !== undefined) {
      const tookMs = turn.atMs - sentMs
      isAnswered = true
      rounds = tookMs > gapMs ? [] : [...rounds, { says: turn.says, tookMs }]
    }
  }
  return rounds
}

/** 1 for who answers as fast as a machine, 2 and 3 for who is slower at times. */
const patience = (rounds: readonly Round[], { gapMs }: LoopRules): 1 | 2 | 3 => {
  const times = rounds.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
  const slow = times[Math.floor(times.length * 0.8)] ?? 0
  if (slow * 6 <= gapMs) return 1
  return slow * 3 <= gapMs ? 2 : 3
}
