import type { Metric, Registry } from 'prom-client';

/** Seconds. */
const BOUNDS = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10];
const MILLISECOND_BOUNDS = BOUNDS.map((bound) => bound * 1_000);
const NAME = 'latchkey_http_request_duration_seconds';
const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'];

interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** The durations of one route's answers of one class, in plain numbers. */
class Times {
  private readonly counts = new Uint32Array(BOUNDS.length + 1);
  private milliseconds = 0;

  add(milliseconds: number): void {
    let bucket = 0;
    while (bucket < BOUNDS.length && milliseconds > (MILLISECOND_BOUNDS[bucket] as number)) bucket += 1;
    this.counts[bucket]! += 1;
    this.milliseconds += milliseconds;
  }

  values(labels: Readonly<Record<string, string>>): Value[] {
    let count = 0;
    const buckets = Array.from(this.counts, (more, bucket) => {
      count += more;
      return { metricName: `${NAME}_bucket`, labels: { le: BOUNDS[bucket] ?? '+Inf', ...labels }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${NAME}_sum`, labels, value: this.milliseconds / 1_000 },
      { metricName: `${NAME}_count`, labels, value: count },
    ];
  }
}

/** How long one route takes to answer. Noting an answer costs a few additions; the metric is made when it is read. */
export class RouteTimes {
  private readonly classes: (Times | undefined)[] = [];

  constructor(private readonly labels: { readonly method: string; readonly route: string }) {}

  note(status: number, milliseconds: number): void {
    const index = Math.trunc(status / 100) - 1;
    (this.classes[index] ??= new Times()).add(milliseconds);
  }

  values(): Value[] {
    return this.classes.flatMap((times, index) => {
      return times?.values({ ...this.labels, status: CLASSES[index] ?? 'other' }) ?? [];
    });
  }
}

/** Adds the histogram of all routes. The library's own would hash its labels for every answer. */
export function registerRouteTimes(registry: Registry, routes: readonly RouteTimes[]): void {
  const histogram = {
    name: NAME,
    help: 'Time until a route had answered',
    type: 'histogram',
    aggregator: 'sum',
    reset: () => undefined,
    get: () =>
      Promise.resolve({
        name: NAME,
        help: histogram.help,
        type: 'histogram',
        aggregator: 'sum',
        values: routes.flatMap((route) => route.values()),
      }),
  };
  registry.registerMetric(histogram as unknown as Metric);
}
