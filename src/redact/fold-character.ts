/**
 * What a person reads in a character: an ASCII digit for any digit, a plain space, dash, quote or dot for their many
 * relatives, a letter without accents, `\n` for any line break, nothing for what is not seen. Case stays.
 */
export const foldCharacter = (char: string): string => {
  const code = char.codePointAt(0) ?? 0
  if (code < 0x80) return ASCII[code] ?? char
  const known = cache.get(char)
  if (known !== undefined) return known
  const folded = fold(char, code)
  if (cache.size >= CACHE_SIZE) cache.clear()
  cache.set(char, folded)
  return folded
}

/** Whether a character belongs to the one before it: an accent, a keycap, a variation selector. */
export const isMark = (char: string): boolean => char > '\u02ff' && /^\p{M}$/u.test(char) && foldCharacter(char) === ''

const CACHE_SIZE = 4_096
const cache = new Map<string, string>()

/** Control characters are not seen, white space is a space. */
const ASCII: readonly string[] = Array.from({ length: 0x80 }, (_, code) => {
  if (code === 0x0a || code === 0x0b || code === 0x0c || code === 0x0d) return '\n'
  if (code === 0x09) return ' '
  return code < 0x20 || code === 0x7f ? '' : String.fromCharCode(code)
})

const fold = (char: string, code: number): string => {
  const special = SPECIAL.get(code)
  if (special !== undefined) return special
  if (UNSEEN.test(char)) return ''
  if (/^\p{Nd}$/u.test(char)) return digitOf(code)
  if (/^\p{No}$/u.test(char)) return numberOf(char, code)
  if (code >= 0xac00 && code <= 0xd7a3) return char // Hangul would fall apart into its letters
  if (code >= 0x1f150 && code <= 0x1f189) return negativeLetter(code)
  const parts = [...char.normalize('NFKD')].map(part => simplify(part)).join('')
  return parts === '' ? char : parts
}

/** One character of a decomposition. */
const simplify = (char: string): string => {
  const code = char.codePointAt(0) ?? 0
  if (code < 0x80) return ASCII[code] ?? char
  const special = SPECIAL.get(code)
  if (special !== undefined) return special
  if (UNSEEN.test(char)) return ''
  if (LINE_END.test(char)) return '\n'
  if (/^\p{Z}$/u.test(char)) return ' '
  if (/^\p{Pd}$/u.test(char)) return '-'
  if (/^\p{Nd}$/u.test(char)) return digitOf(code)
  return char
}

const UNSEEN = /^[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\p{Mn}\p{Me}]$/u
const LINE_END = /^[\u0085\u2028\u2029]$/

/** Digits come in tens: its value is how many digits stand before it, back to the zero. */
const digitOf = (code: number): string => {
  if (code >= 0x1d7ce && code <= 0x1d7ff) return String((code - 0x1d7ce) % 10) // five sets of mathematical digits in a row
  let zero = code
  while (code - zero < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) zero -= 1
  return String(code - zero)
}

/** Circled, bracketed, raised and lowered digits are digits; fractions and the like stay what they are. */
const numberOf = (char: string, code: number): string => {
  const dingbat = code >= 0x2776 && code <= 0x2793 ? ((code - 0x2776) % 10) + 1 : undefined
  if (dingbat !== undefined) return String(dingbat)
  if (code >= 0x24f5 && code <= 0x24fe) return String(code - 0x24f5 + 1)
  if (code >= 0x24eb && code <= 0x24f4) return String(code - 0x24eb + 11)
  if (code === 0x24ff || code === 0x1f10b || code === 0x1f10c) return '0'
  const digits = char.normalize('NFKD').replace(/[().,]/g, '')
  return /^[0-9]{1,2}$/.test(digits) ? digits : char
}

/** White letters on black discs and squares. */
const negativeLetter = (code: number): string => {
  const index = code < 0x1f170 ? code - 0x1f150 : code - 0x1f170
  return index >= 0 && index < 26 ? String.fromCharCode(0x41 + index) : String.fromCodePoint(code)
}

/** What no rule of Unicode says. */
const SPECIAL: ReadonlyMap<number, string> = new Map(
  (
    [
      ['\u2800\u3164\uffa0', ' '], // blanks that are no spaces by name
      ['\u2028\u2029\u0085', '\n'],
      ['\u2212\u2043\u02d7\u301c\uff5e\u00ac\u2027\u2500\u2501', '-'],
      ['\u00b7\u2022\u2024\u30fb\u3002\uff61\uff65\u0387\u2219\u22c5\u25cf\u25e6\u06d4', '.'],
      ['\u2236\ua789\u02d0\ufe55', ':'],
      ['\u060c\u3001\uff64\u066c', ','],
      ['\u061f', '?'],
      ['\u061b', ';'],
      ['\u0964\u0965', '.'],
      ['\u2044\u2215\u29f8', '/'],
      ['“”„‟«»〝〞「」『』″', '"'],
      ['‘’‚‛‹›′`´ʼʻ', "'"],
      ['【〔〖［', '['],
      ['】〕〗］', ']'],
      ['→⇒➔➜➡', '>'],
      ['\u0640', ''], // only stretches an Arabic word
      ['ıɪ', 'i'],
      ['łʟ', 'l'],
      ['Ł', 'L'],
      ['đð', 'd'],
      ['Đ', 'D'],
      ['ø', 'o'],
      ['Ø', 'O'],
      ['یى', 'ي'],
      ['ک', 'ك'],
      ['ة', 'ه'],
      ['\ue000', '\ue001'], // the reading copy has a use of its own for it
    ] as const
  )
    .flatMap(([chars, folded]) => [...chars].map((char): [number, string] => [char.codePointAt(0) ?? 0, folded]))
    .concat(
      [...'ᴀʙᴄᴅᴇꜰɢʜᴊᴋᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ'].map((char, index): [number, string] => [
        char.codePointAt(0) ?? 0,
        'abcdefghjkmnoprstuvwyz'.charAt(index),
      ]),
    ),
)
