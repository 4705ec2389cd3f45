/** What kind of backend a run has to do with. */
export const BACKEND_KINDS = {
  plain: { inReplyTo: false },
  forgetful: { inReplyTo: false, idempotency: false },
  naming: {},
  correlation: { dialect: 'correlation' },
} as const
export type BackendKind = keyof typeof BACKEND_KINDS
