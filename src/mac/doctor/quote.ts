/** Words that are not ours, in marks of their own: whatever must not hold any leaves out what stands between them. */
export const quote = (words: string): string => `“${words.replace(/[“”]/g, '"').replace(/\s+/g, ' ').trim()}”`

export const withoutQuotes = (text: string): string => text.replace(/“[^”]*(?:”|$)/g, '“…”')
