// How long until somebody can sign in, what the process weighs at rest, and how large an installation is. See README.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { requireProc } from './load/cpu.mjs';
import { describeMachine } from './machine.mjs';
import { median } from './statistics.mjs';
import { installSizes } from './startup/install-size.mjs';
import { measureStarts } from './startup/service-start.mjs';
import { table } from './table.mjs';

const USAGE = 'Usage: node bench/startup.mjs [--starts 7] [--skip-install]';
const RESULTS = new URL('results/', import.meta.url);

const { values } = parseArgs({
  options: {
    starts: { type: 'string', default: '7' },
    'skip-install': { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

if (values.help) console.log(USAGE);
else await main();

async function main() {
  requireProc();
  const machine = describeMachine();
  const { cold, warm, idleMB } = await measureStarts(Number(values.starts));
  const sizes = values['skip-install'] ? null : await installSizes();
  const text = markdown({ machine, cold, warm, idleMB, sizes });
  console.log(text);
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(new URL('startup.md', RESULTS), text);
}

function markdown({ machine, cold, warm, idleMB, sizes }) {
  return [
    '# Start and weight\n',
    `${machine.date} UTC, commit ${machine.commit}. ${machine.processor}, Node ${machine.node}, load ${machine.loadBefore.toFixed(1)} before the run.\n`,
    startTable(cold, warm, idleMB),
    ...(sizes ? ['## Installation\n', sizeTable(sizes)] : []),
  ].join('\n');
}

function startTable(cold, warm, idleMB) {
  const of = (pick, digits = 2) => {
    const values = warm.map(pick);
    const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)];
    return `${middle.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
  };
  const rows = [
    ['first start with an empty folder to first login, s', cold.login.toFixed(2), ''],
    ['start to first login, database already made, s', of((start) => start.login), '< 2'],
    ['start to listening, s', of((start) => start.listening), ''],
    ['CPU of the process until the first login, s', of((start) => start.cpu), ''],
    ['memory 3 s after the start, MB', of((start) => start.restMB, 0), '< 150'],
    ['memory 3 s after the first login, MB', of((start) => start.afterLoginMB, 0), '< 150'],
    ['memory after standing idle for 30 s, MB', idleMB.toFixed(0), '< 150'],
  ];
  return table([`${warm.length} starts, median (min–max)`, 'measured', 'aim'], rows, 'lrr');
}

function sizeTable(sizes) {
  const rows = sizes.map(({ name, bytes, files }) => [name, (bytes / 1e6).toFixed(1), String(files)]);
  return table(['part', 'MB', 'files'], rows, 'lrr');
}
