/** What kind of backend a run has to do with. */
export const BACKEND_KINDS = {
  plain: {},
  forgetful: { idempotency: false },
  naming: { inReplyTo: true },
  correlation: { dialect: 'correlation' },
} as const
export type BackendKind = keyof typeof BACKEND_KINDS
