import { parseArgs } from 'node:util';
import { SETS } from './sets.mjs';

const HELP = `Usage: npm run bench -- [options]

  --set <name>        what is measured: ${Object.keys(SETS).join(' or ')} (default profiles)
  --rounds <n>        rounds; each visits every server, in another order (default ${defaultsOf('rounds')})
  --duration <s>      seconds of timed load per visit (default ${defaultsOf('duration')})
  --warmup <s>        seconds of load before it (default ${defaultsOf('warmup')})
  --connections <n>   connections that wrk keeps open (default 64)
  --tokens <n>        different tokens in rotation (default 10000)
  --only <ids>        only these candidates, separated by commas
  --check             measures nothing: starts every server, and asks it whether it is right (needs no wrk)
  --quick             a smoke run: one round, one second, 2000 tokens, results/smoke.*
  --list              prints the candidates
  --help              prints this`;

const DEFAULTS = { connections: 64, tokens: 10_000 };
const QUICK = { rounds: 1, duration: 1, warmup: 1, connections: 64, tokens: 2_000 };
const NUMBERS = Object.keys(QUICK);

/** What the command line asks for. Ends the process for --help and for anything it does not understand. */
export function readOptions(argv) {
  const { values } = parsed(argv);
  if (values.help) stop(HELP, 0);
  const set = SETS[values.set] ?? stop(`--set must be one of ${Object.keys(SETS).join(', ')}`, 2);
  const options = values.quick ? { ...QUICK } : { ...set.pace, ...DEFAULTS };
  for (const name of NUMBERS) {
    if (values[name] !== undefined) options[name] = wholeNumber(name, values[name]);
  }
  return {
    ...options,
    set: values.set,
    quick: values.quick ?? false,
    check: values.check ?? false,
    list: values.list ?? false,
    only: values.only?.split(',') ?? null,
  };
}

function parsed(argv) {
  const text = { type: 'string' };
  const flag = { type: 'boolean' };
  const numbers = Object.fromEntries(NUMBERS.map((name) => [name, text]));
  try {
    const set = { type: 'string', default: 'profiles' };
    return parseArgs({
      args: argv,
      options: { ...numbers, set, only: text, quick: flag, check: flag, list: flag, help: flag },
    });
  } catch (error) {
    return stop(`${error.message}\n\n${HELP}`, 2);
  }
}

/** The default of each set, as the help prints them. */
function defaultsOf(name) {
  return Object.values(SETS)
    .map(({ pace }) => pace[name])
    .join(' or ');
}

function wholeNumber(name, text) {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : stop(`--${name} must be a whole number above 0`, 2);
}

function stop(text, code) {
  (code === 0 ? console.log : console.error)(text);
  process.exit(code);
}
