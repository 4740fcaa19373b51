// Where the CPU of a guarded request goes: one candidate under load with V8's sampling profiler. See README.md.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cpuOf } from './load/cpu.mjs';
import { environmentOf } from './load/environment.mjs';
import { startServer } from './load/server-process.mjs';
import { loadWith, warm } from './load/visit.mjs';
import { createWorld } from './load/world.mjs';
import { requireWrk } from './load/wrk.mjs';
import { selfTimes } from './profile-reader.mjs';
import { candidateNamed } from './sets.mjs';

const USAGE = 'Usage: node bench/profile.mjs [candidate, default denylist] [--duration 10] [--top 40]';
const INTERVAL_MICROS = 200;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    duration: { type: 'string', default: '10' },
    top: { type: 'string', default: '40' },
    help: { type: 'boolean' },
  },
});

if (values.help) console.log(USAGE);
else await main(positionals[0] ?? 'denylist');

async function main(id) {
  requireWrk();
  const candidate = candidateNamed(id);
  const world = await createWorld({ tokens: 10_000, kinds: [candidate.tokens] });
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-profile-'));
  try {
    const facts = await profiled(candidate, world, folder);
    const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'));
    print(candidate, facts, selfTimes(JSON.parse(readFileSync(join(folder, file), 'utf8')), facts.window));
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await world.close();
  }
}

async function profiled(candidate, world, folder) {
  const nodeOptions = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${INTERVAL_MICROS}`];
  const server = await startServer(candidate.script, { env: environmentOf(world, candidate), nodeOptions });
  try {
    await warm(server, candidate, world, { warmup: 3, connections: 64 });
    const began = monotonicMicros();
    const before = cpuOf(server.pid);
    const seconds = Number(values.duration);
    const facts = await loadWith(server, candidate, world, { seconds, connections: 64 });
    const after = cpuOf(server.pid);
    const micros = after.user + after.system - before.user - before.system;
    return { requests: facts.requests, micros, window: [began, monotonicMicros()] };
  } finally {
    await server.stop();
  }
}

/** The clock that V8's profiles carry. */
function monotonicMicros() {
  return Number(process.hrtime.bigint() / 1000n);
}

function print({ name }, { requests, micros }, functions) {
  const busy = functions.filter((entry) => entry.area !== 'idle');
  const total = busy.reduce((sum, entry) => sum + entry.micros, 0);
  // The profiler counts time on the clock; scaled to CPU, the shares are what a request pays.
  const perRequest = (part) => ((part / total) * micros) / requests;
  console.log(
    `${name}: ${(micros / requests).toFixed(1)} µs of CPU per request while profiled, ${requests} requests\n`,
  );
  printAreas(busy, perRequest);
  console.log('\n µs/request  share  function');
  for (const { micros: own, label, place } of busy.slice(0, Number(values.top))) {
    const share = `${((100 * own) / total).toFixed(1)} %`;
    console.log(`${perRequest(own).toFixed(2).padStart(11)} ${share.padStart(6)}  ${label}  ${place}`);
  }
}

function printAreas(functions, perRequest) {
  const areas = new Map();
  for (const { area, micros } of functions) areas.set(area, (areas.get(area) ?? 0) + micros);
  console.log(' µs/request  area');
  for (const [area, own] of [...areas].sort((a, b) => b[1] - a[1])) {
    console.log(`${perRequest(own).toFixed(2).padStart(11)}  ${area}`);
  }
}
