import { AuthError } from '@latchkey/nest';
import { z } from 'zod';
import { isUuid } from '../common/uuid';

const MOST = 200;
const CURSOR = /^(\d{1,15})\.([0-9a-f-]{36})$/;

/** Where a page begins. */
export interface Place {
  readonly createdAt: Date;
  readonly id: string;
}

export const pageQuery = {
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'must be a number from 1 to 200')
    .transform(Number)
    .refine((limit) => limit <= MOST, 'must be a number from 1 to 200')
    .optional()
    .describe(`Most entries of one page, at most ${MOST}; 50 when not given`),
  after: z.string().max(64).optional().describe('`next` of the page before'),
};

export interface PageQuery {
  readonly limit?: number;
  readonly after?: string;
}

export interface Page<T> {
  readonly entries: readonly T[];
  readonly next: string | null;
}

/** One page of what `read` finds after a place. It is asked for one entry more, to learn whether there is a next page. */
export async function pageOf<T extends Place>(
  { limit = 50, after }: PageQuery,
  read: (place: Place | undefined, limit: number) => Promise<readonly T[]>,
): Promise<Page<T>> {
  const found = await read(after === undefined ? undefined : placeOf(after), limit + 1);
  const entries = found.slice(0, limit);
  const last = entries.at(-1);
  return { entries, next: found.length > limit && last ? `${last.createdAt.getTime()}.${last.id}` : null };
}

function placeOf(cursor: string): Place {
  const [, time, id = ''] = CURSOR.exec(cursor) ?? [];
  if (time !== undefined && isUuid(id)) return { createdAt: new Date(Number(time)), id };
  throw new AuthError('validation_failed', 'Some of what was sent is not valid', {
    errors: [{ pointer: '/after', message: 'must be `next` of the page before' }],
  });
}
