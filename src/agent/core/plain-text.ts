/** The words of a message: its text without the marks Messages leaves for what is not text; empty where nothing is to be seen. */
export const toPlainText = (text: string): string => {
  const words = text.replace(PLACEHOLDERS, '')
  return VISIBLE.test(words) ? words : ''
}

/** Whether somebody wrote something, and nothing of it is to be seen: blanks, or invisible characters. */
export const isInvisible = (text: string): boolean => text !== '' && !VISIBLE.test(text)

// U+FFFC stands for an attachment or sticker, U+FFFD for the payload of an app.
const PLACEHOLDERS = /[\uFFFC\uFFFD]/g
// U+2800 is a Braille cell without a dot.
const VISIBLE = /[^\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u
