import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { MetricsServer } from '../../src/metrics/metrics-server';
import { groupedBy, metricOf, metricsIn, promtool, readsOf, valueOf, type Scraped } from '../support/promtool';
import { PROFILES } from '../support/profiles';
import type { SecretHunt } from '../support/secret-hunt';
import { startTestApp } from '../support/test-app';
import { driveTraffic } from './observed-traffic';
import { ObservedModule } from './observed.module';
import { useService, type Service } from './service';

const ROOT = path.resolve(__dirname, '../..');
const read = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');
const METRICS = { 'metrics.enabled': true, 'metrics.port': 0 };

/** Labels that Prometheus adds. */
const ADDED = ['job', 'instance', 'le'];
/** A process must lose its database before this is counted. */
const NEEDS_AN_OUTAGE = ['result="unavailable"'];

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

const RULES = 'deploy/prometheus/latchkey.rules.yaml';
const alerts = (parse(read(RULES)) as { groups: { rules: Alert[] }[] }).groups.flatMap(({ rules }) => rules);

/** What the panels of the dashboard ask for. */
const panels = [...read('deploy/grafana/latchkey.json').matchAll(/"expr": (".*")/g)].map(
  ([, expr = '']) => JSON.parse(expr) as string,
);

function urlOf(service: Service): string {
  return `http://127.0.0.1:${service.app.provider(MetricsServer).port}`;
}

async function scrape(service: Service): Promise<string> {
  return (await fetch(`${urlOf(service)}/metrics`)).text();
}

/** What is wrong with an expression: it reads what no scrape holds. */
function faultsOf(expression: string, metrics: Map<string, Scraped>): string[] {
  const reads = readsOf(expression).map((one) => ({ ...one, metric: metricOf(metrics, one.series) }));
  const missing = reads.filter(({ metric }) => !metric).map(({ series }) => series);
  const unselectable = reads.flatMap(({ series, metric, selected }) =>
    selected
      .filter(([label, value]) => !ADDED.includes(label) && !metric?.values.get(label)?.has(value))
      .map(([label, value]) => `${label}="${value}"`)
      .filter((condition) => !NEEDS_AN_OUTAGE.includes(condition))
      .map((condition) => `${series}{${condition}}`),
  );
  const ungroupable = groupedBy(expression).filter(
    (label) => !ADDED.includes(label) && !reads.some(({ metric }) => metric?.labels.has(label)),
  );
  return [...missing, ...unselectable, ...ungroupable];
}

/** Name, type and labels of each metric in the table of the guide. */
function documented(): string[] {
  const rows = read('docs/guide/observing.md').matchAll(/^\| `(latchkey_\w+)` \| (\w+) \| ([^|]*) \|/gm);
  return [...rows].map(([, name, type, labels = '']) => `${name} ${type} ${labels.replaceAll('`', '').trim()}`);
}

describe.each(PROFILES)('metrics, $name', ({ settings, row }) => {
  const service = useService({ settings: { ...settings, ...METRICS }, extend: [ObservedModule] });
  let hunt: SecretHunt;
  let text: string;
  const value = (series: string): number | undefined => valueOf(text, series);

  beforeAll(async () => {
    hunt = await driveTraffic(service);
    text = await scrape(service);
  });

  it('are what promtool takes for well-formed', () => promtool(['check', 'metrics'], text));

  it('count logins by what became of them', () => {
    expect(value('latchkey_logins_total{outcome="succeeded",reason="pwd"}')).toBe(3);
    expect(value('latchkey_logins_total{outcome="failed",reason="wrong_password"}')).toBe(5);
    expect(value('latchkey_logins_total{outcome="failed",reason="locked"}')).toBe(1);
    expect(value('latchkey_logins_total{outcome="failed",reason="unknown_user"}')).toBe(1);
    expect([value('latchkey_lockouts_total'), value('latchkey_unlocks_total')]).toEqual([1, 1]);
  });

  it('count refreshes, and tokens that were shown twice where they are used once', () => {
    const once = row.logout_takes_effect === 'at_once';
    expect(text).toMatch(/^latchkey_refreshes_total\{outcome="succeeded",reason="\w+"\} [1-9]/m);
    expect(value('latchkey_refresh_replays_total')).toBe(once ? 1 : 0);
    expect(value('latchkey_refresh_reuses_total')).toBe(once ? 1 : 0);
  });

  it('tell what became of tokens, and which were found in memory', () => {
    expect(value('latchkey_token_validations_total{result="accepted",reason="ok"}')).toBeGreaterThan(5);
    expect(value('latchkey_token_validations_total{result="refused",reason="invalid_token"}')).toBe(1);
    expect(value('latchkey_token_validations_total{result="refused",reason="token_expired"}')).toBe(1);
    const kind = row.access_token === 'opaque' ? 'opaque' : 'signed';
    expect(value(`latchkey_token_cache_lookups_total{kind="${kind}",outcome="hit"}`)).toBeGreaterThan(0);
    expect(value(`latchkey_token_cache_entries{kind="${kind}"}`)).toBeGreaterThan(0);
  });

  it('count who asks for what belongs to others, and it is a security event', () => {
    expect(value('latchkey_cross_user_attempts_total{kind="user"}')).toBe(1);
    expect(value('latchkey_cross_user_attempts_total{kind="tenant"}')).toBe(1);
    const [user, tenant] = service.app.logged('cross_user_attempt');
    expect(user).toMatchObject({ level: 'warn', kind: 'user', target_kind: 'user' });
    expect(tenant).not.toHaveProperty('target_id');
  });

  it('measure requests by route, never by address', () => {
    const name = 'latchkey_http_request_duration_seconds_count';
    expect(value(`${name}{method="GET",route="/observed/users/:id",status="4xx"}`)).toBe(1);
    expect(value(`${name}{method="GET",route="/observed/broken",status="5xx"}`)).toBe(1);
    expect(text).not.toContain('nowhere');
  });

  it('measure hashes, the feed, the cleanup and the process', () => {
    expect(text).toMatch(/^latchkey_password_hash_duration_seconds_count\{.*purpose="verify"\} [1-9]/m);
    expect(value('latchkey_feed_fresh')).toBe(1);
    expect(value('latchkey_cleanup_runs_total')).toBe(1);
    expect(value('latchkey_session_duration_seconds_count')).toBe(1);
    expect(value('latchkey_process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(text).toContain(`mode="${row.mode}"`);
  });

  it('hold no secret, no token and nothing about a person', () => expect(hunt.findIn(text)).toEqual([]));

  if (row.logout_takes_effect === 'at_once') {
    it('are all that the dashboard and the alerts read', () => {
      const metrics = metricsIn(text);
      expect(panels.length).toBeGreaterThan(25);
      for (const expr of [...panels, ...alerts.map((alert) => alert.expr)]) {
        expect([expr, faultsOf(expr, metrics)]).toEqual([expr, []]);
      }
    });

    it('are those in the table of the guide', () => {
      const ours = [...metricsIn(text)].filter(([name]) => !/^latchkey_(process|nodejs)_/.test(name));
      const found = ours.map(([name, { type, labels }]) => `${name} ${type} ${[...labels].join(', ')}`);
      expect(found.sort()).toEqual(documented().sort());
    });
  }
});

describe('the port of the metrics', () => {
  const service = useService({ settings: METRICS });

  it.each([
    ['GET', '/'],
    ['GET', '/metrics/'],
    ['GET', '/metrics?name=x'],
    ['POST', '/metrics'],
    ['HEAD', '/metrics'],
    ['GET', '/health/live'],
  ])('knows no %s %s', async (method, url) => {
    const answer = await fetch(`${urlOf(service)}${url}`, { method });
    expect([answer.status, await answer.text()]).toEqual([404, '']);
  });

  it('is not the one that clients use', async () => {
    expect((await service.http.get('/metrics')).status).not.toBe(200);
  });

  it('may be taken: the service runs on, and says so', async () => {
    const taken = service.app.provider(MetricsServer).port as number;
    const second = await startTestApp({ settings: { ...METRICS, 'metrics.port': taken } });
    expect((await second.http.get('/health/live')).status).toBe(200);
    expect(second.logged('metrics_not_served')).toMatchObject([{ level: 'warn', port: taken }]);
    await second.close();
  });

  it('is closed when the service stops', async () => {
    const app = await startTestApp({ settings: METRICS });
    const url = `http://127.0.0.1:${app.provider(MetricsServer).port}/metrics`;
    expect((await fetch(url)).status).toBe(200);
    await app.close();
    await expect(fetch(url)).rejects.toThrow();
  });

  it('is not opened where metrics are off', async () => {
    const app = await startTestApp({ settings: { 'metrics.enabled': false } });
    expect(() => app.provider(MetricsServer)).toThrow();
    await app.close();
  });
});

describe('metrics.tenant_label', () => {
  const service = useService({ settings: { ...METRICS, 'metrics.tenant_label': true } });

  it('adds the tenant to logins, and to nothing that requests count', async () => {
    const { person } = await service.signedIn();
    const tenant = `tenant="${person.tenantId}"`;
    const lines = (await scrape(service)).split('\n').filter((line) => line.includes(tenant));
    expect(lines).toEqual([`latchkey_logins_total{outcome="succeeded",reason="pwd",${tenant}} 1`]);
  });
});

describe('the alerts', () => {
  it('are rules that Prometheus takes', () => promtool(['check', 'rules', path.join(ROOT, RULES)]));

  it('go with a configuration that Prometheus takes', () =>
    promtool(['check', 'config', path.join(ROOT, 'deploy/prometheus/prometheus.yaml')]));

  const TESTS = 'deploy/prometheus/latchkey.rules.test.yaml';

  it('fire when they should, and only then', () => promtool(['test', 'rules', path.join(ROOT, TESTS)]));

  it.each(alerts)('$alert has a test, a summary and a runbook', ({ alert, annotations }) => {
    expect(read(TESTS)).toContain(alert);
    expect(annotations.summary).toMatch(/^\S.{10,}/);
    expect(annotations.runbook).toMatch(/^docs\/runbooks\/[\w-]+\.md$/);
    expect(existsSync(path.join(ROOT, annotations.runbook))).toBe(true);
  });
});
