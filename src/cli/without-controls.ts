/** Some words come from the backend or the settings: they stay on their line, and do nothing to the terminal. */
export const withoutControls = (line: string): string => line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
