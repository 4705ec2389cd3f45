/** What a command says while it works. */
export type Told =
  /** Something is begun. */
  | { readonly kind: 'step'; readonly text: string }
  | { readonly kind: 'done'; readonly text: string }
  /** To be known, and no reason to stop. */
  | { readonly kind: 'warning'; readonly text: string }
  /** Something for a person to do. */
  | { readonly kind: 'ask'; readonly text: string }

export type Tell = (told: Told) => void
