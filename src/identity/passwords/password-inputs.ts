/** What a stranger may know or find out about whoever chooses a password. */
export interface PasswordOwner {
  readonly email?: string | null;
  readonly username?: string | null;
  readonly name?: string | null;
  /** Name or slug of the tenant. */
  readonly tenant?: string | null;
}

const SHORTEST = 3;
const LONGEST = 100;
const MOST = 32;

/** The words that a password must not be built upon: each fact, and the parts of it. */
export function knownWords(owner: PasswordOwner, ofService: readonly string[]): string[] {
  const facts = [owner.email, owner.username, owner.name, owner.tenant, ...ofService];
  const words = facts.flatMap((fact) => (fact ? [fact, ...fact.split(/[^\p{L}\p{N}]+/u)] : []));
  const useful = words.filter(({ length }) => length >= SHORTEST && length <= LONGEST);
  return [...new Set(useful.map((word) => word.toLowerCase()))].slice(0, MOST);
}
