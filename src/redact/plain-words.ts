import { isPlainWord, type PasswordValue } from './password-value.ts'

/** The end of up to four plain words, where the clause ends with them. */
export const plainWordsTo = (text: string, plain: string, value: PasswordValue): number | undefined => {
  let end = value.end
  for (let words = 1; words <= 5; words++) {
    const rest = plain.slice(end, end + 40)
    if (/^["')\]]{0,2}(?:\s*$|\s*[.,;:!?)\n(/]|\s+-)/.test(rest) || BREAK.test(rest)) return end
    const next = /^\s(\S+)/.exec(rest)
    if (next?.[1] === undefined) return end
    const word = next[1].replace(/[.,;:!?)"']+$/, '')
    if (!isPlainWord(word) && !/^[0-9]{1,6}$/.test(word)) return undefined
    end += 1 + word.length
    if (end > text.length) return undefined
  }
  return undefined
}

const BREAK =
  /^\s+(?:last (?:time|week|year)|for (?:both|all|everything|now)|in (?:lower|upper|all|small|capital)|all (?:lower|caps|small)|with (?:a|an|capital)|and|but|if|in case|so|now|btw|by the way|ok|okay|lol|haha|thanks|thx|please|pls|und|aber|falls|et|mais|si|y|pero|e|ma|en|maar|и|а|но|[^\p{L}\p{N}\s]+(?:\s|$))/u
