/** What a secret may consist of, so that an HTTP header can carry it. */
export const SECRET_EXPECTS = 'printable ASCII characters without spaces'

export const isSecret = (text: string): boolean => /^[\x21-\x7e]+$/.test(text)

/** A line end after a secret, from an editor or `echo`, does not belong to it. */
export const trimLineEnd = (text: string): string => text.replace(/[\r\n]+$/, '')
