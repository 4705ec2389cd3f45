import type { styleText } from 'node:util'
import { isTlsError } from '../agent/backend/is-tls-error.ts'
import type { Plan } from '../lab/verify-backend/plan.ts'
import type { CheckReport, QuestionReport, Report } from '../lab/verify-backend/verify-backend.ts'

/** Colours a text, or leaves it as it is. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string

/** What is going to happen, before it does. */
export const renderOpening = (backendUrl: string, plan: Plan, isExposed: boolean): string => {
  const { agents, threads, answers, refusals, restMs, depth } = plan
  const [a, b, nobody] = agents
  const rest = Math.ceil(restMs / 1000)
  const slow = Math.ceil((rest + depth * 30) / 60)
  return lines(
    `Testing ${backendUrl}`,
    `  agents  ${a}`,
    `          ${b}`,
    `          ${nobody} (posts, but never connects)`,
    `  thread  ${threads}`,
    `  POSTs   ${answers.usual} for the backend's model to answer, which may cost money;`,
    `          up to ${answers.most} if a reflex is slow${refusals > 0 ? `; ${refusals} more with a wrong secret` : ''}`,
    `  time    about ${rest} seconds plus ${depth} answers: ${slow} minutes at 30 seconds per answer`,
    '  Messages is never touched: nothing is sent to a person.',
    ...(isExposed ? ['  The secret travels unencrypted: this is http, not https.'] : []),
    '',
  )
}

export const renderReport = (report: Report, paint: Paint): string =>
  report.unreachable
    ? lines(`${paint('red', '✗')} The backend cannot be reached: ${report.unreachable.message}`, ...helpWith(report))
    : lines(
        ...report.sections.flatMap(({ title, questions }) => [
          paint('bold', title),
          ...questions.flatMap(question => [
            renderQuestion(question, paint),
            ...question.checks.flatMap(check => renderCheck(check, paint)),
          ]),
          '',
        ]),
        paint('bold', 'Testing and fallback'),
        ...report.steps.flatMap(step => [
          renderQuestion(step, paint),
          paint('dim', `        from ${step.because.join(', ')}`),
        ]),
        '',
        paint('bold', 'Extras: not in the document, never a failure'),
        ...report.extras.flatMap(extra => renderExtra(extra, paint)),
        '',
        ...renderVerdict(report, paint),
      )

const MARK = { yes: ['green', '✓'], no: ['red', '✗'], unclear: ['yellow', '?'] } as const
const WORD = { yes: 'yes', no: 'NO', unclear: 'could not tell' } as const

const renderQuestion = ({ text, answer }: QuestionReport, paint: Paint): string => {
  const [colour, mark] = MARK[answer]
  return `  ${paint(colour, mark)} ${text} ${paint(['bold', colour], WORD[answer])}`
}

const renderCheck = ({ id, answer, tried, seen, remedy }: CheckReport, paint: Paint): readonly string[] => {
  const [colour, mark] = MARK[answer]
  return [
    `      ${paint(colour, mark)} ${id}: ${paint(colour, WORD[answer])}`,
    paint('dim', `          tried: ${tried}`),
    `          seen:  ${oneLine(seen)}`,
    ...(remedy === undefined ? [] : [`          to do: ${remedy}`]),
  ]
}

const renderExtra = ({ id, answer, tried, seen }: CheckReport, paint: Paint): readonly string[] => [
  `  ${answer === 'yes' ? paint('green', '✓') : '·'} ${id}: ${oneLine(seen)}`,
  paint('dim', `      tried: ${tried}`),
]

const renderVerdict = ({ sections, verdict, traffic }: Report, paint: Paint): readonly string[] => {
  const checks = sections.flatMap(({ questions }) => questions.flatMap(question => question.checks))
  const ids = (answer: CheckReport['answer']): string =>
    checks.flatMap(check => (check.answer === answer ? check.id : [])).join(', ')
  const posts = paint('dim', `${traffic.messages.length} POSTs, ${traffic.connections.length} WebSockets`)
  const doubt = ids('unclear')
  return [
    ...(verdict === 'no' ? [paint(['bold', 'red'], `NO: ${ids('no')}`)] : []),
    ...(doubt === '' ? [] : [paint(['bold', 'yellow'], `COULD NOT TELL: ${doubt}`)]),
    ...(verdict === 'yes' ? [paint(['bold', 'green'], 'Everything that the document asks for: yes')] : []),
    posts,
  ]
}

const helpWith = ({ unreachable, backendUrl }: Report): readonly string[] => {
  const code = unreachable?.code ?? ''
  return [
    isTlsError(code)
      ? '  Its certificate was not accepted. If it is your own, name its CA: NODE_EXTRA_CA_CERTS=ca.pem edge-agent …'
      : `  Is it running, and is ${backendUrl} right?`,
    '  Nothing could be tested.',
  ]
}

/** What a backend sends is no reason to lose the layout. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\s]+/gu, ' ')

const lines = (...all: readonly string[]): string => all.map(line => `${line}\n`).join('')
