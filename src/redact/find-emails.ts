import type { Find } from './find.ts'
import type { Reading } from './reading.ts'
import { patternOf } from './vocabulary.ts'

/** E-mail addresses, also as people spell them out: "anna (at) example (dot) com". */
export const findEmails = ({ text, plain }: Reading): Find[] => [
  ...[...text.matchAll(/@/g)].flatMap(({ index }) => aroundAt(text, index)),
  ...[...plain.matchAll(SPELLED)].map(match => ({
    kind: 'email',
    start: match.index,
    end: match.index + match[0].length,
  })),
]

const LOCAL = /[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]/u
const DOMAIN =
  /(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}(?:xn--[a-z0-9-]{2,30}|\p{L}{2,24})(?![\p{L}\p{N}-])/iuy
const LONGEST_LOCAL = 64

const aroundAt = (text: string, at: number): Find[] => {
  DOMAIN.lastIndex = at + 1
  if (!DOMAIN.test(text)) return []
  const end = DOMAIN.lastIndex
  let start = at
  if (text[at - 1] === '"') {
    const open = text.lastIndexOf('"', at - 2)
    if (open >= 0 && at - open <= LONGEST_LOCAL && !text.slice(open, at).includes('\n')) start = open
  }
  while (start === at || (start > 0 && LOCAL.test(text.charAt(start - 1)) && at - start < LONGEST_LOCAL)) {
    if (start > 0 && LOCAL.test(text.charAt(start - 1)) && at - start < LONGEST_LOCAL) start -= 1
    else break
  }
  while (start < at && /[^\p{L}\p{N}_"]/u.test(text.charAt(start))) start += 1
  return start < at ? [{ kind: 'email', start, end }] : []
}

const AT = '(?:\\s?[(\\[{<]\\s?(?:at|@|arroba|a)\\s?[)\\]}>]\\s?|\\s@\\s?)'
const DOT =
  '(?:\\s?[(\\[{<]\\s?(?:dot|punkt|punto|point|ponto|\\.)\\s?[)\\]}>]\\s?|\\s(?:dot|punkt|punto|point)\\s|\\.)'
const SPELLED = patternOf(
  `(?<![\\p{L}\\p{N}._%+-])[\\p{L}\\p{N}][\\p{L}\\p{N}._%+-]{0,63}(?:${AT}(?:[\\p{L}\\p{N}-]{1,63}${DOT}){1,4}|\\sat\\s(?:[\\p{L}\\p{N}-]{1,63}\\s(?:dot|punkt|punto)\\s){1,4})(?:com|net|org|edu|gov|io|de|uk|fr|es|it|eu|nl|ch|at|us|ca|au|info|me|co|app|dev|ai|br|jp|cn|ru|pl|se|no|dk|fi|be|pt|ie|in|mx|tv)(?![\\p{L}\\p{N}-])`,
  'gu',
)
