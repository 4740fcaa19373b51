import { mkdirSync, writeFileSync } from 'node:fs';
import { environmentTable } from './machine.mjs';
import { median, summary } from './statistics.mjs';
import { table } from './table.mjs';

const RESULTS = new URL('results/', import.meta.url);

/** Raw rounds in, figures out. Ratios are taken within each round, where both servers met the same machine. */
export function evaluate(set, rounds) {
  const ids = set.candidates.map(({ id }) => id).filter((id) => rounds[0][id]);
  const servers = Object.fromEntries(ids.map((id) => [id, figuresOf(rounds.map((round) => round[id]))]));
  const ratios = set.ratios
    .filter(({ of, to }) => servers[of] && servers[to])
    .map((ratio) => ({
      ...ratio,
      speed: summary(rounds.map((round) => round[ratio.of].perSecond / round[ratio.to].perSecond)),
      cpu: summary(rounds.map((round) => round[ratio.to].cpu.total / round[ratio.of].cpu.total)),
    }));
  return { servers, ratios };
}

function figuresOf(visits) {
  const of = (pick) => summary(visits.map(pick));
  return {
    perSecond: of((visit) => visit.perSecond),
    cpu: of((visit) => visit.cpu.total),
    cpuUser: median(visits.map((visit) => visit.cpu.user)),
    cpuSystem: median(visits.map((visit) => visit.cpu.system)),
    p50: median(visits.map((visit) => visit.latency.p50)),
    p99: median(visits.map((visit) => visit.latency.p99)),
    bytesPerAnswer: median(visits.map((visit) => visit.bytesPerAnswer)),
  };
}

/** Writes `results/<name>.json` and `.md` and returns the Markdown. */
export function writeReport(name, { set, run, rounds, figures }) {
  const nameOf = (id) => set.candidates.find((candidate) => candidate.id === id).name;
  const markdown = [
    `# ${set.title}\n`,
    environmentTable(run),
    `## Ratios\n\nMedian of the rounds and, in brackets, its 95 % interval. CPU: the other's time per request divided by this one's,\nso that more is better in both columns.\n`,
    ratioTable(figures.ratios, nameOf),
    `## Servers\n\nCPU is that of the server process, all threads, without the database. Latency with ${run.options.connections} connections always busy.\n`,
    serverTable(figures.servers, nameOf),
    ...steadyState(figures.servers, run.options),
    ...set.notes.map((note) => `${note}\n`),
  ].join('\n');
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(new URL(`${name}.json`, RESULTS), `${JSON.stringify({ run, figures, rounds }, null, 2)}\n`);
  writeFileSync(new URL(`${name}.md`, RESULTS), markdown);
  return markdown;
}

const whole = (value) => Math.round(value).toLocaleString('en-GB');
const range = ({ median: middle, low, high }, digits) =>
  `${middle.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;

function ratioTable(ratios, nameOf) {
  const rows = ratios.map(({ of, to, aim, speed, cpu }) => [
    nameOf(of),
    nameOf(to),
    range(speed, 2),
    range(cpu, 2),
    aim === undefined ? '' : `≥ ${aim} ${verdict(aim, speed, cpu)}`,
  ]);
  return table(['of', 'to', 'requests/s', 'CPU', 'aim'], rows, 'llrrl');
}

/** Reached means in both measures. */
function verdict(aim, speed, cpu) {
  const least = Math.min(speed.median, cpu.median);
  if (least < aim) return 'missed';
  return Math.min(speed.low, cpu.low) < aim ? 'reached, within noise' : 'reached';
}

function serverTable(servers, nameOf) {
  const rows = Object.entries(servers).map(([id, { perSecond, cpu, cpuUser, cpuSystem, p50, p99, bytesPerAnswer }]) => [
    nameOf(id),
    `${whole(perSecond.median)} (${whole(perSecond.min)}–${whole(perSecond.max)})`,
    range(cpu, 1),
    `${cpuUser.toFixed(1)} + ${cpuSystem.toFixed(1)}`,
    `${(p50 / 1000).toFixed(2)} / ${(p99 / 1000).toFixed(2)}`,
    whole(bytesPerAnswer),
  ]);
  const head = ['server', 'requests/s (min–max)', 'CPU µs/request', 'user + system', 'p50 / p99 ms', 'bytes'];
  return table(head, rows, 'lrrrrr');
}

/** A session kept in memory is read again every 30 s; rounds are shorter, so what that adds is worked out instead. */
function steadyState(servers, { tokens }) {
  const { stateful: kept, 'stateful-cold': read } = servers;
  if (!kept || !read) return [];
  const share = tokens / 30 / kept.perSecond.median;
  const micros = share * (read.cpu.median - kept.cpu.median);
  return [
    `Sessions in memory are read again every 30 s, which the warm rounds are too short to see: ${whole(tokens)} active sessions`,
    `at this load add ${(100 * share).toFixed(1)} % reads, ${micros.toFixed(2)} µs of CPU to the average request.\n`,
  ];
}
