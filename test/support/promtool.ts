import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** Runs Prometheus's own checker (Debian package `prometheus`); rejects with what it said when it finds fault. */
export async function promtool(words: readonly string[], input = ''): Promise<void> {
  const tool = spawn('promtool', words, { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(tool, 'close') as Promise<[number]>;
  tool.stdin.on('error', () => undefined).end(input);
  const said = Promise.all([text(tool.stdout), text(tool.stderr)]);
  const [code] = await ended;
  if (code !== 0) throw new Error(`promtool ${words.join(' ')} ended with ${code}:\n${(await said).join('\n')}`);
}

/** One metric as it stands in a scrape. */
export interface Scraped {
  readonly type: string;
  readonly help: string;
  /** Names of labels that any of its series has, but `le`. */
  readonly labels: Set<string>;
  readonly values: Map<string, Set<string>>;
}

const SERIES = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** The metrics of a scrape by name. */
export function metricsIn(scrape: string): Map<string, Scraped> {
  const found = new Map<string, Scraped>();
  for (const line of scrape.split('\n')) {
    const [, kind, name, rest = ''] = line.match(/^# (HELP|TYPE) (\w+) (.*)$/) ?? [];
    if (kind === 'HELP' && name) found.set(name, { help: rest, type: '', labels: new Set(), values: new Map() });
    else if (kind === 'TYPE' && name) found.set(name, { ...(found.get(name) as Scraped), type: rest });
    else noteSeries(found, line);
  }
  return found;
}

function noteSeries(found: Map<string, Scraped>, line: string): void {
  const [, name = '', labels = ''] = line.match(SERIES) ?? [];
  const metric = metricOf(found, name);
  for (const [, label = '', value = ''] of labels.matchAll(LABEL)) {
    if (label === 'le') continue;
    metric?.labels.add(label);
    metric?.values.set(label, (metric.values.get(label) ?? new Set()).add(value));
  }
}

/** Whose series this is: a histogram's have endings. */
export function metricOf(metrics: Map<string, Scraped>, series: string): Scraped | undefined {
  const histogram = metrics.get(series.replace(/_(bucket|sum|count)$/, ''));
  return metrics.get(series) ?? (histogram?.type === 'histogram' ? histogram : undefined);
}

/** The value of one series, written as in the scrape; undefined when it is not there. */
export function valueOf(scrape: string, series: string): number | undefined {
  const line = scrape.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** Series of ours that an expression reads, with the labels and values that it selects by. */
export function readsOf(expression: string): { series: string; selected: [string, string][] }[] {
  return [...expression.matchAll(/\b(latchkey_\w+)(?:\{([^}]*)\})?/g)].map(([, series = '', selector = '']) => ({
    series,
    selected: [...selector.matchAll(/(\w+)=~?"([^"]*)"/g)].map(([, label = '', value = '']) => [label, value]),
  }));
}

/** Labels that an expression groups by. */
export function groupedBy(expression: string): string[] {
  return [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/,\s*/));
}
