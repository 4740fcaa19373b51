import type { Client } from 'pg';

const TRY_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('latchkey:' || $1, 0)) AS held";

/** Takes the lock of this name until the connection ends; false when somebody else holds it. */
export async function tryAdvisoryLock(client: Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>(TRY_LOCK, [name]);
  return rows[0]?.held ?? false;
}
