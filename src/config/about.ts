import { z } from 'zod'

/** What a reader of the reference, or of a fault, wants to know about a setting beside its schema. */
export type About = {
  readonly description: string
  /** What its value has to be, as the end of "expected …". */
  readonly expects: string
  /** A relative path in the file starts from the file's folder. */
  readonly isPath?: true
  /** Milliseconds in the settings, written as a duration everywhere else. */
  readonly isDuration?: true
  /** Tables, which only the file can hold; and what is wrong in them, part by part. */
  readonly faultsIn?: (value: unknown) => readonly FaultyPart[]
}

/** What is wrong with a part of a setting: `at` is added to the setting's key, as `.family.pattern`. */
export type FaultyPart = { readonly at: string; readonly expected: string; readonly found: string }

export const about = z.registry<About>()
