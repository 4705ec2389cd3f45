/** The words of a message: its text without the marks Messages leaves for what is not text. */
export const toPlainText = (text: string): string => text.replace(PLACEHOLDERS, '')

// U+FFFC stands for an attachment or sticker, U+FFFD for the payload of an app.
const PLACEHOLDERS = /[\uFFFC\uFFFD]/g
