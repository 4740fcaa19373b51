const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** True for what PostgreSQL's uuid type takes in its usual spelling; anything else can be the id of nothing. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
