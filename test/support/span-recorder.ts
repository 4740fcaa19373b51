import { AsyncLocalStorage } from 'node:async_hooks';
import { context, ROOT_CONTEXT, trace, type Context, type ContextManager } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';

/** Carries the current span across every `await`. */
class AsyncContexts implements ContextManager {
  private readonly storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.storage.getStore() ?? ROOT_CONTEXT;
  }

  with<Given extends unknown[], Result>(
    entered: Context,
    work: (...given: Given) => Result,
    self?: unknown,
    ...given: Given
  ): Result {
    return this.storage.run(entered, () => work.apply(self, given));
  }

  bind<T>(_context: Context, target: T): T {
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}

/** An SDK as an operator would register it, which keeps what it is told. */
export class SpanRecorder {
  private readonly exporter = new InMemorySpanExporter();

  start(): void {
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.exporter)] });
    context.setGlobalContextManager(new AsyncContexts());
    trace.setGlobalTracerProvider(provider);
  }

  stop(): void {
    trace.disable();
    context.disable();
  }

  forget(): void {
    this.exporter.reset();
  }

  get spans(): ReadableSpan[] {
    return this.exporter.getFinishedSpans();
  }

  named(name: string): ReadableSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** Names of the spans that stand directly below this one. */
  below(parent: ReadableSpan | undefined): string[] {
    const { spanId } = parent?.spanContext() ?? {};
    return this.spans.filter((span) => span.parentSpanContext?.spanId === spanId).map(({ name }) => name);
  }
}
