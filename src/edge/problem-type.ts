import type { Config } from '../config/config';

/** What every problem `type` begins with: the address under which its page is served. */
export function problemTypeBase({ server }: Config): string {
  return `${server.publicUrl}${server.basePath}/problems/`;
}
