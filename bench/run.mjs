// How much a guarded request costs with Latchkey, and with everything that one might compare it with. See README.md.
import { requireProc } from './load/cpu.mjs';
import { check, visit } from './load/visit.mjs';
import { createWorld } from './load/world.mjs';
import { requireWrk } from './load/wrk.mjs';
import { describeMachine } from './machine.mjs';
import { readOptions } from './options.mjs';
import { evaluate, writeReport } from './report.mjs';
import { chosen, SETS } from './sets.mjs';

const options = readOptions(process.argv.slice(2));
const set = SETS[options.set];
if (options.list) listCandidates();
else await (options.check ? checkAll() : measure()).catch(fail);

async function measure() {
  requireWrk();
  requireProc();
  const candidates = chosen(set, options.only, options.quick);
  const machine = describeMachine();
  const world = await createWorld({ ...options, kinds: candidates.map(({ tokens }) => tokens) });
  try {
    const rounds = [];
    for (let round = 0; round < options.rounds; round++) rounds.push(await playRound(round, candidates, world));
    const run = { machine, options, database: world.database };
    const name = options.quick || options.only ? 'smoke' : set.results;
    console.log(`\n${writeReport(name, { set, run, rounds, figures: evaluate(set, rounds) })}`);
  } finally {
    await world.close();
  }
}

/** Whether every server starts and is right: what a change of the service may have broken here. */
async function checkAll() {
  const candidates = chosen(set, options.only, options.quick);
  const world = await createWorld({ ...options, kinds: candidates.map(({ tokens }) => tokens) });
  try {
    for (const candidate of candidates) {
      await check(candidate, world);
      console.log(`${candidate.id.padEnd(17)} is right`);
    }
  } finally {
    await world.close();
  }
}

/** Every candidate once, beginning with another one each time, so that a drift of the machine meets all alike. */
async function playRound(round, candidates, world) {
  const start = Math.round((round * candidates.length) / options.rounds);
  const order = [...candidates.slice(start), ...candidates.slice(0, start)];
  const visits = {};
  for (const candidate of order) {
    const figures = (visits[candidate.id] = await visit(candidate, world, options));
    const { perSecond, cpu } = figures;
    const place = `${round + 1}/${options.rounds}`;
    console.log(
      `${place}  ${candidate.id.padEnd(17)} ${perSecond.toFixed(0).padStart(7)}/s ${cpu.total.toFixed(1).padStart(7)} µs`,
    );
  }
  return visits;
}

function listCandidates() {
  for (const { id, name } of set.candidates) console.log(`${id.padEnd(17)} ${name}`);
}

function fail(error) {
  console.error(`\nThe benchmark stopped: ${error.message}`);
  process.exitCode = 1;
}
