import { z } from 'zod'
import type { AimSpec, FaultKind } from './fault-kind.ts'
import { HTTP_KINDS } from './http-kinds.ts'
import { REFLEX_KINDS } from './reflex-kinds.ts'
import { WEBSOCKET_KINDS } from './websocket-kinds.ts'

/** Every fault there is: what the API, scenario files and the console know. */
export const CATALOGUE: readonly FaultKind[] = [...HTTP_KINDS, ...WEBSOCKET_KINDS, ...REFLEX_KINDS]

/** A fault as it is written down, with all that was left out filled in. */
export type FaultSpec = AimSpec & { readonly fault: string; readonly [param: string]: unknown }

const byName = new Map(CATALOGUE.map(kind => [kind.name, kind]))

/** The kind of a fault that was parsed by `faultSpec`. */
export const kindOf = ({ fault }: FaultSpec): FaultKind => {
  const kind = byName.get(fault)
  if (kind === undefined) throw new Error(`${fault} is not in the catalogue`)
  return kind
}

/** A fault as someone wrote it: `{fault: "status", status: 503, times: 3, …}`. */
export const faultSpec = z
  .looseObject({ fault: z.string('the name of a fault is missing') })
  .transform((raw, context) => {
    const kind = byName.get(raw.fault)
    if (kind === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['fault'],
        message: `there is no fault ${JSON.stringify(raw.fault)}; there are ${[...byName.keys()].join(', ')}`,
      })
      return z.NEVER
    }
    const parsed = kind.schema.safeParse(raw)
    if (parsed.success) return parsed.data as FaultSpec // by the schema of its kind, which begins with these fields
    for (const { message, path } of parsed.error.issues) context.addIssue({ code: 'custom', path: [...path], message })
    return z.NEVER
  })

/** The catalogue for programs: each kind with the JSON schema of its parameters. */
export const describeCatalogue = () =>
  CATALOGUE.map(({ name, group, title, hint, schema, params }) => ({
    name,
    group,
    title,
    hint,
    params,
    schema: z.toJSONSchema(schema, { io: 'input' }),
  }))
