/** What a check comes to. `seen` is a sentence with the evidence, `remedy` what to do about a no. */
export type Verdict = {
  readonly answer: 'yes' | 'no' | 'unclear'
  readonly seen: string
  readonly remedy?: string
}

export const yes = (seen: string): Verdict => ({ answer: 'yes', seen })
export const no = (seen: string, remedy?: string): Verdict => ({
  answer: 'no',
  seen,
  ...(remedy !== undefined && { remedy }),
})
export const unclear = (seen: string): Verdict => ({ answer: 'unclear', seen })

/** The worst of several: one no makes a no, one doubt a doubt. */
export const worst = (answers: readonly Verdict['answer'][]): Verdict['answer'] =>
  answers.includes('no') ? 'no' : answers.includes('unclear') ? 'unclear' : 'yes'
