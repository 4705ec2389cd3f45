/** The last net under everything that goes into a report: the home folder, names of users in paths, and what is known by value. */
export const withoutPeople = (
  text: string,
  { homes, secrets }: { readonly homes: readonly string[]; readonly secrets: readonly string[] },
): string => {
  // The longest first: one may begin with another.
  const byLength = (values: readonly string[]) =>
    values.filter(({ length }) => length > 3).toSorted((a, b) => b.length - a.length)
  const hidden = byLength(secrets).reduce((text, secret) => text.replaceAll(secret, '[hidden]'), text)
  return byLength(homes)
    .reduce((text, home) => text.replaceAll(home, '~'), hidden)
    .replace(/\/(Users|home)\/(?!Shared\b)[^/\s"']+/g, '/$1/…')
}
