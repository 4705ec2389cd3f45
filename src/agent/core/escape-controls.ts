/**
 * JSON in which nothing does anything to a terminal. JSON itself escapes only the controls of ASCII: this does the same to
 * DEL, to the controls of Latin-1 (one of them begins what ESC [ begins), to line separators and to marks that turn the
 * direction of writing. It means the same as before.
 */
export const escapeControls = (json: string): string =>
  json.replace(/[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, toEscape)

const toEscape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
