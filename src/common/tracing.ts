import { SpanStatusCode, trace, type Attributes, type Span } from '@opentelemetry/api';
import { AuthError } from '@latchkey/nest';

const tracer = trace.getTracer('latchkey');

/**
 * Runs `work` inside a span that the operator's OpenTelemetry SDK sees; without one it costs next to nothing. Attributes
 * must hold neither secrets nor anything about a person. Of an error only its code is told: messages may hold more.
 */
export function inSpan<T>(
  name: `latchkey.${string}`,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      const result = await work(span);
      span.setAttribute('latchkey.outcome', 'ok');
      return result;
    } catch (error) {
      tellFailure(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** What a client did wrong is no failure of the span. */
function tellFailure(span: Span, error: unknown): void {
  const known = error instanceof AuthError;
  span.setAttribute('latchkey.outcome', known ? error.code : 'internal_error');
  if (!known || error.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
}
