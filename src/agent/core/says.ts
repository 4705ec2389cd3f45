/**
 * What a text says, for comparing two of them: NFC, without zero-width characters, variation selectors and the two marks
 * that a row's text has for what is no text, quotes straightened, white space collapsed, trimmed. Case counts. Messages
 * changes quotes and selectors on the way into chat.db, and backends disagree about trailing blanks; none of it makes
 * another bubble of it.
 */
export const says = (text: string): string =>
  text
    .normalize('NFC')
    .replace(/[\u200B-\u200F\u2060-\u2064\uFEFF\u00AD\uFFFC\uFFFD]|\p{Variation_Selector}/gu, '')
    .replace(/[\u2018\u2019\u201A\u201B\u2032]/g, "'")
    .replace(/[\u201C\u201D\u201E\u201F\u2033]/g, '"')
    .replace(/\s+/g, ' ')
    .trim()

/** True where nothing of the text would be seen. */
export const isBlank = (text: string): boolean => says(text) === ''
