import type { Span } from './find.ts'

/** The runs of digits of a reading copy, in order. */
export const digitGroups = (text: string): Span[] =>
  [...text.matchAll(/[0-9]+/g)].map(({ index, 0: { length } }) => ({ start: index, end: index + length }))

/** The digits of a stretch of text. */
export const digitsIn = (text: string): string => text.replace(/[^0-9]+/g, '')
