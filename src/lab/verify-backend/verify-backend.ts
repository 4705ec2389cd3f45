import { EXIT } from '../../agent/core/errors.ts'
import { type BenchOptions, createBench } from './bench.ts'
import { CHECKS } from './checks.ts'
import { EXTRAS } from './extras.ts'
import { type Facts, gatherFacts, type Unreachable } from './gather-facts.ts'
import { type CheckId, type Question, SECTIONS, STEPS } from './questions.ts'
import { listTraffic, type Traffic } from './traffic.ts'
import { unclear, type Verdict, worst } from './verdict.ts'

export type CheckReport = Verdict & { readonly id: string; readonly tried: string }
export type QuestionReport = {
  readonly id: string
  readonly text: string
  readonly answer: Verdict['answer']
  /** Every check that answers it, by its id. */
  readonly because: readonly string[]
}

/** All that was found. No field holds the secret. */
export type Report = {
  readonly backendUrl: string
  /** `no`: at least one required check; `unclear`: none, but something could not be told. */
  readonly verdict: Verdict['answer'] | 'unreachable'
  readonly unreachable: Unreachable | undefined
  readonly sections: readonly {
    readonly title: string
    readonly questions: readonly (QuestionReport & { readonly checks: readonly CheckReport[] })[]
  }[]
  readonly steps: readonly QuestionReport[]
  readonly extras: readonly CheckReport[]
  readonly traffic: Traffic
}

/** Acts as an edge agent, or two, against a backend, and judges what it does. Throws the reason of `signal` when that aborts. */
export const verifyBackend = async (options: BenchOptions): Promise<Report> => {
  const bench = createBench(options)
  try {
    const facts = await gatherFacts(bench)
    return { backendUrl: options.backendUrl, ...toReport(facts), traffic: listTraffic(bench) }
  } finally {
    bench.client.close()
  }
}

/** A doubt is no failure unless it has to be (`strict`). */
export const exitCodeOf = ({ verdict }: Report, strict: boolean): number => {
  if (verdict === 'unreachable') return EXIT.unreachable
  return verdict === 'no' || (strict && verdict === 'unclear') ? EXIT.failure : EXIT.ok
}

const toReport = (facts: Facts | Unreachable): Omit<Report, 'backendUrl' | 'traffic'> => {
  if ('message' in facts) {
    return { verdict: 'unreachable', unreachable: facts, sections: [], steps: [], extras: [] }
  }
  const verdicts = judgeAll(facts)
  const checksOf = ({ checks }: Question): readonly CheckReport[] =>
    checks.flatMap(id => {
      const verdict = verdicts.get(id)
      return verdict ? { id, tried: CHECKS[id].tried, ...verdict } : []
    })
  const answer = (question: Question): QuestionReport => ({
    id: question.id,
    text: question.text,
    answer: worst(checksOf(question).map(check => check.answer)),
    because: checksOf(question).map(check => check.id),
  })
  return {
    verdict: worst([...verdicts.values()].map(verdict => verdict.answer)),
    unreachable: undefined,
    sections: SECTIONS.map(({ title, questions }) => ({
      title,
      questions: questions.map(question => ({ ...answer(question), checks: checksOf(question) })),
    })),
    steps: STEPS.map(answer),
    extras: Object.entries(EXTRAS).map(([id, { tried, judge }]) => ({ id, tried, ...judge(facts) })),
  }
}

/** One fault, one no: what follows from another is left open. */
const judgeAll = (facts: Facts): ReadonlyMap<CheckId, Verdict> => {
  const ids = Object.keys(CHECKS) as CheckId[] // its keys, by its type
  const first = new Map(
    ids.flatMap((id): [CheckId, Verdict][] => {
      const verdict = CHECKS[id].judge(facts)
      return verdict ? [[id, verdict]] : []
    }),
  )
  const settle = (id: CheckId, verdict: Verdict): Verdict => {
    const cause = CHECKS[id].followsFrom?.find(other => first.get(other)?.answer === 'no')
    return verdict.answer === 'no' && cause !== undefined
      ? unclear(`${verdict.seen}; this may follow from ${cause}`)
      : verdict
  }
  return new Map([...first].map(([id, verdict]) => [id, settle(id, verdict)]))
}
