/** One event of a `text/event-stream`. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  /** `id:` of this event; undefined when it has none. */
  readonly id?: string;
}

/** Longest event that is read. Characters. */
const LONGEST = 1024 * 1024;

/**
 * Reads server-sent events from the chunks of a body (WHATWG HTML, section 9.2.6).
 * @throws Error when an event does not end.
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const blocks = rest.split(/\r\n\r\n|\n\n|\r\r/);
    rest = blocks.pop() as string;
    if (rest.length > LONGEST) throw new Error('An event does not end');
    for (const block of blocks) {
      const event = eventOf(block);
      if (event) yield event;
    }
  }
}

/** Null for a block without data, such as a comment that keeps the connection open. */
function eventOf(block: string): StreamEvent | null {
  const fields: Record<string, string[]> = { event: [], data: [], id: [] };
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    fields[name]?.push(value);
  }
  const { event = [], data = [], id = [] } = fields;
  if (data.length === 0) return null;
  return { event: event.at(-1) || 'message', data: data.join('\n'), id: id.at(-1) };
}
