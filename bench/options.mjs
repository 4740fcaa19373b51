import { parseArgs } from 'node:util';

const HELP = `Usage: npm run bench -- [options]

  --rounds <n>        rounds; each visits every server, in another order (default 9)
  --duration <s>      seconds of timed load per visit (default 8)
  --warmup <s>        seconds of load before it (default 3)
  --connections <n>   connections that wrk keeps open (default 64)
  --tokens <n>        different tokens in rotation (default 10000)
  --only <ids>        only these candidates, separated by commas
  --quick             a smoke run: one round, one second, 2000 tokens, results/smoke.*
  --list              prints the candidates
  --help              prints this`;

const DEFAULTS = { rounds: 9, duration: 8, warmup: 3, connections: 64, tokens: 10_000 };
const QUICK = { rounds: 1, duration: 1, warmup: 1, connections: 64, tokens: 2_000 };

/** What the command line asks for. Ends the process for --help and for anything it does not understand. */
export function readOptions(argv) {
  const { values } = parsed(argv);
  if (values.help) stop(HELP, 0);
  const options = values.quick ? { ...QUICK } : { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS)) {
    if (values[name] !== undefined) options[name] = wholeNumber(name, values[name]);
  }
  return {
    ...options,
    quick: values.quick ?? false,
    list: values.list ?? false,
    only: values.only?.split(',') ?? null,
  };
}

function parsed(argv) {
  const text = { type: 'string' };
  const flag = { type: 'boolean' };
  const numbers = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, text]));
  try {
    return parseArgs({ args: argv, options: { ...numbers, only: text, quick: flag, list: flag, help: flag } });
  } catch (error) {
    return stop(`${error.message}\n\n${HELP}`, 2);
  }
}

function wholeNumber(name, text) {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : stop(`--${name} must be a whole number above 0`, 2);
}

function stop(text, code) {
  (code === 0 ? console.log : console.error)(text);
  process.exit(code);
}
