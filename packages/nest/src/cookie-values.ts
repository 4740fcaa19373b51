/**
 * The values of every cookie of this name in a `Cookie` header, in its order. A browser may send one name several times,
 * for different paths or domains; which of them somebody else has set cannot be told.
 */
export function cookieValues(header: string | undefined, name: string): string[] {
  if (header === undefined || !header.includes(name)) return [];
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}
