import { z } from 'zod'

/** A zod schema as JSON Schema, to stand in a document: what may cross the wire, unknown fields included. */
export const toSchema = (schema: z.ZodType, target: 'draft-2020-12' | 'draft-7'): object => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', target })
  return rest
}
