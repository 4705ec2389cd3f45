type Piece = { readonly text: string; readonly link?: string }

/** A text as Messages cuts it where links get a preview of their own: words and links in turn, without the blanks between. */
export const splitAtLinks = (text: string): readonly Piece[] =>
  text
    .split(/(https?:\/\/\S+)/)
    .map((piece, at): Piece => (at % 2 === 1 ? { text: piece, link: piece } : { text: piece.trim() }))
    .filter(({ text: words }) => words !== '')
