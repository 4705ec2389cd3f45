/** Longest text that is handed to Messages at once, in UTF-16 units. */
export const MAX_BUBBLE_LENGTH = 20_000
/** A text of which the redaction takes longer than anybody should wait, in UTF-16 units: some hundredths of a second. */
export const LONG_TEXT = 20_000
/** How long an incomplete row of chat.db is looked at again. */
export const ROW_GRACE_MS = 60_000
/** How long a complete row that Messages has not marked as finished, or that may be our own, is looked at again. */
export const DOUBTFUL_ROW_GRACE_MS = 3_000
/** How long a voice message is looked at again for what Messages hears in it. */
export const TRANSCRIPT_GRACE_MS = 20_000
