import type { Config } from '../config/config.ts'
import { createFilter, type Filter } from '../core/filter.ts'
import { compilePattern } from '../matching/compile-pattern.ts'
import { createNormaliser } from '../matching/normalise-address.ts'

/** The filter that the agent would have with these settings. */
export const createFilterHere = ({ forward, people, country }: Config): Filter =>
  createFilter({ ...forward, people }, { normalise: createNormaliser(country), compilePattern })
