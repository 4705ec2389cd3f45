import { createPhrases } from './find-phrases.ts'
import { looksSecret, NEVER } from './password-value.ts'
import type { PasswordLabel } from './password-words.ts'
import { patternOf } from './vocabulary.ts'

/**
 * How word and value are linked: by a sign, by a verb, by what may be a verb or not ("'s", "on"), or not at all. `at` is where
 * the value begins.
 */
export type Link = { readonly sort: 'sign' | 'verb' | 'maybe' | 'none'; readonly at: number }

const PREPOSITION =
  'for|to|of|on|at|in|from|fur|furs|zum|zur|vom|von|des|der|im|am|pour|du|de|da|do|del|della|dell|di|with|by|bei|chez|bij|hos|para|per|al|alla|voor|van|till|til|do|od|для|от|к|на|в'
const COPULA =
  "(?:is|was|has been|got|gets|were) (?:changed|reset|updated|switched) (?:back )?to|(?:is|was|has been|got) set to|is|are|was|were|(?:will|should|would|might|may|could|must|has to|have to|used to|is going to|gonna) be|has been|remains|became|updated to|reset to|reads|set to|changed to|ist|war|lautet|lauten|heisst|est|etait|c'est|es|era|son|e|sera|zijn|ar|er|on|jest|to|je|bude|este|esta|dir|adalah|la|είναι|ειναι|это|היא|הוא|هو|هي|है|là"
const FILLER =
  'now|still|just|only|currently|simply|always|probably|actually|again|like|also|jetzt|immer|noch|einfach|nun|neu|maintenant|toujours|ahora|siempre|agora|sempre|adesso|nu|теперь|сейчас'

const SIGN = '["\']?\\s{0,3}(?::|=+>?|-+>|>)\\s{0,3}(?:\\n\\s{0,3})?|\\s{1,3}-{1,3}\\s{1,3}|\\s{0,2}\\n\\s{0,3}'
const VERB = `(?:'s|\\s{1,3}(?:${COPULA}))(?:\\s{1,2}(?:${FILLER})){0,2}\\s{0,2}[:=]?\\s{1,3}(?:\\n\\s{0,2})?|\\s{0,2}(?:は|が|是|为|為|는|은|คือ)\\s{0,2}:?\\s{0,2}`
const AFTERTHOUGHT =
  '(?:\\s(?:wi-?fi|wlan|internet|router|netflix|spotify|icloud|gmail|google|e-?mail|zoom|admin|guest|карты|телефона|temporaire|nouveau|nouvelle|nueva|nuova|nova|actual|temporal|temporaria)(?=\\s|:))?(?:\\s{0,2}\\([^()\\n]{0,40}\\))?'
const DIRECT = patternOf(
  `${AFTERTHOUGHT}(?:(?<sign>${SIGN})|(?<verb>${VERB})|(?<none>\\s{1,3}(?:(?:still|now|currently|again|also)\\s{1,2}){0,2}|(?=[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}]{1,4}["'A-Za-z0-9])|(?<=[^\\x00-\\x7f]|[0-9])(?=[\\x21-\\x7e])|[,(]\\s{0,2}))`,
  'uy',
)
/** "… for the wifi is …" */
const WITH_PHRASE = patternOf(
  `${AFTERTHOUGHT}\\s{1,2}(?:${PREPOSITION})[\\s'][^\\n:=!?\\ue000]{1,48}?(?:(?<sign>${SIGN})|(?<verb>${VERB}))`,
  'uy',
)
/** "… I use everywhere is …" */
const WITH_RELATIVE = patternOf(
  `\\s{1,2}(?:that |which )?(?:i|we|you|they|he|she|ich|wir|que|che)\\s[^\\n:=!?.,\\ue000]{1,48}?(?:${SIGN}|${VERB})`,
  'uy',
)
const PHRASE = patternOf(`\\s{1,2}(?:${PREPOSITION})[\\s'][^\\n:=!?.,\\ue000]{1,60}`, 'uy')

export const linkAt = (text: string, plain: string, label: PasswordLabel): Link | undefined => {
  const at = label.end
  const relative = matchAt(WITH_RELATIVE, plain, at)
  if (relative !== null) return { sort: 'maybe', at: at + relative[0].length }
  const match = matchAt(WITH_PHRASE, plain, at) ?? matchAt(DIRECT, plain, at)
  if (match === null || /\swhere\s/.test(match[0])) return undefined // of a database
  const end = at + match[0].length
  const { sign, verb } = match.groups ?? {}
  if (sign !== undefined) return { sort: 'sign', at: end }
  if (verb !== undefined) return { sort: isVerb(verb, plain.slice(label.start, at)) ? 'verb' : 'maybe', at: end }
  return { sort: 'none', at: behindPhrase(text, plain, label) ?? end }
}

/** "The password's owner", "the password to Netflix": "on" and "to" are verbs in other languages. */
const isVerb = (verb: string, label: string): boolean =>
  !/^'s\s+$/.test(verb) && !(/^\s+(?:on|to)\s/.test(verb) && /pass|pw|psw|pin|code|key/.test(label))

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at
  return pattern.exec(text)
}

/** "password for the wifi hunter2": the first word behind that is no word. */
const behindPhrase = (text: string, plain: string, { sort, end: at }: PasswordLabel): number | undefined => {
  const phrase = matchAt(PHRASE, plain, at)?.[0]
  if (phrase === undefined) return undefined
  const words = [...text.slice(at, at + phrase.length).matchAll(/\S+/g)].slice(1, 6)
  const found = words.find(({ 0: word }) => looksSecret(word, NEVER) && /\p{L}/u.test(word) && /[0-9]/.test(word))
  if (found !== undefined) return at + found.index
  const last = words.at(-1)
  const isPin =
    sort === 'pin' && last !== undefined && /^[0-9]{4,8}$/.test(last[0]) && !/^(?:19|20)[0-9]{2}$/.test(last[0])
  return isPin ? at + last.index : undefined
}

/** "Changed the password to X". */
export const changedTo = (plain: string, label: PasswordLabel): Link | undefined => {
  TO.lastIndex = label.end
  const match = TO.exec(plain)
  if (match === null || !CHANGE.endsIn(plain.slice(Math.max(0, label.start - 60), label.start), /^[^\n.!?]{0,40}$/))
    return undefined
  return { sort: 'verb', at: TO.lastIndex }
}
const TO =
  /(?:\s(?:for|on|of)\s[^\n:.!?]{1,30}?)?\s{1,2}(?:to|as|auf|en|a|por|para|in|naar|till|til|на)\s{1,2}:?\s{0,2}/uy
const CHANGE = createPhrases([
  'change[ds]?',
  'changing',
  'set',
  'setting',
  'reset',
  'update[ds]?',
  'made',
  'make',
  'geandert',
  'andere',
  'habe',
  'changed?',
  'change',
  'cambi(e|o|ar|ado)',
  'mudei',
  'alterei',
  'cambiato',
  'ho cambiato',
  'gewijzigd',
  'bytte',
  'сменил~',
  'поменял~',
])
