import type { CheckReport, Report } from './verify-backend.ts'

/** One testcase per check: a no is a failure, a doubt is skipped (with `strict` a failure, too), an extra never fails. */
export const toJunit = (report: Report, strict: boolean): string => {
  const required = report.sections.flatMap(({ title, questions }) =>
    questions.flatMap(({ checks }) => checks.map(check => renderCase(title, check, strict))),
  )
  const extras = report.extras.map(check => renderCase('Extras', { ...check, answer: soften(check.answer) }, false))
  const all = report.unreachable ? [renderUnreachable(report.unreachable.message)] : [...required, ...extras]
  const count = (word: string): number => all.filter(text => text.includes(`<${word} `)).length
  const counts = `tests="${all.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="edge-agent verify-backend" ${counts}>`,
    `  <testsuite name="${escapeXml(report.backendUrl)}" ${counts}>`,
    ...all,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

const soften = (answer: CheckReport['answer']): CheckReport['answer'] => (answer === 'no' ? 'unclear' : answer)

const renderCase = (suite: string, { id, tried, seen, answer, remedy }: CheckReport, strict: boolean): string => {
  const message = `message="${escapeXml(seen)}"`
  const inside =
    answer === 'no' || (answer === 'unclear' && strict)
      ? [`      <failure ${message}>${escapeXml([tried, seen, remedy].filter(Boolean).join('\n'))}</failure>`]
      : answer === 'unclear'
        ? [`      <skipped ${message}/>`]
        : []
  return [
    `    <testcase classname="${escapeXml(suite)}" name="${escapeXml(id)}">`,
    ...inside,
    `      <system-out>${escapeXml(`tried: ${tried}\nseen: ${seen}`)}</system-out>`,
    '    </testcase>',
  ].join('\n')
}

const renderUnreachable = (message: string): string =>
  [
    '    <testcase classname="Backend" name="reachable">',
    `      <error message="${escapeXml(message)}"/>`,
    '    </testcase>',
  ].join('\n')

/** XML 1.0 has no way to say most control characters, nor half a surrogate pair. */
const escapeXml = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '\uFFFD')
    .replace(/[<>&"']/g, char => `&#${char.charCodeAt(0)};`)
