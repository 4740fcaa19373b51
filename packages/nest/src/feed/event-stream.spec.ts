import fc from 'fast-check';
import { readEvents, type StreamEvent } from './event-stream';

async function read(...chunks: (string | Uint8Array)[]): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of readEvents(bytesOf(chunks))) events.push(event);
  return events;
}

async function* bytesOf(chunks: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk as string);
}

const STREAM = ': hello\n\nevent: revocations\nid: 7\ndata: {"a":"ü"}\n\nevent: heartbeat\ndata: {}\n\nevent: none\n\n';

describe('a stream of events', () => {
  it('is read event by event, without comments and without what has no data', async () => {
    expect(await read(STREAM)).toEqual([
      { event: 'revocations', id: '7', data: '{"a":"ü"}' },
      { event: 'heartbeat', id: undefined, data: '{}' },
    ]);
  });

  it('joins the lines of one event', async () => {
    expect(await read('data:a\ndata: b\n\n')).toEqual([{ event: 'message', data: 'a\nb', id: undefined }]);
  });

  it('keeps an event that is not over to itself', async () => {
    expect(await read('data: a\n')).toEqual([]);
  });

  it.each(['\n', '\r\n'])('reads the same however it is cut into pieces', async (newline) => {
    const bytes = Buffer.from(STREAM.replaceAll('\n', newline));
    const whole = await read(STREAM);
    const cuts = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const at = [0, ...places.sort((a, b) => a - b), bytes.length];
        expect(await read(...at.slice(1).map((end, i) => bytes.subarray(at[i], end)))).toEqual(whole);
      }),
    );
  });

  it('is given up when an event does not end', async () => {
    await expect(read('data: ', 'x'.repeat(1024 * 1024 + 1))).rejects.toThrow('does not end');
  });
});
