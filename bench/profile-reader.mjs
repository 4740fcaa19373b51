const PACKAGE = /node_modules\/((?:@[^/]+\/)?[^/]+)/g;

/** Functions of a V8 CPU profile with the time spent in each itself within the window, longest first. Microseconds. */
export function selfTimes(profile, [from, to]) {
  const functions = new Map(profile.nodes.map((node) => [node.id, describe(node.callFrame)]));
  const totals = new Map();
  let time = profile.startTime;
  profile.samples.forEach((id, index) => {
    const delta = profile.timeDeltas[index];
    time += delta;
    if (time < from || time > to) return;
    const entry = functions.get(id);
    const key = `${entry.label} ${entry.place}`;
    const known = totals.get(key) ?? { ...entry, micros: 0 };
    known.micros += Math.max(0, delta);
    totals.set(key, known);
  });
  return [...totals.values()].sort((a, b) => b.micros - a.micros);
}

function describe({ functionName, url, lineNumber }) {
  const place = shortened(url);
  return {
    label: functionName || '(anonymous)',
    place: url ? `${place}:${lineNumber + 1}` : '',
    area: areaOf(functionName, url),
  };
}

/** Which part of the system a function belongs to. */
export function areaOf(name, url) {
  if (name === '(idle)') return 'idle';
  if (name === '(garbage collector)') return 'garbage collector';
  if (name === '(program)') return 'native code outside JavaScript (sockets, parser)';
  if (!url) return 'built-in functions';
  if (url.startsWith('node:'))
    return `node: ${/async_hooks|async_local/.test(url) ? 'async_hooks' : 'http, net, streams, timers'}`;
  const packages = [...url.matchAll(PACKAGE)];
  if (packages.length > 0) return packages.at(-1)[1];
  return /\/packages\/nest\//.test(url) ? '@latchkey/nest' : url.includes('/bench/') ? 'bench' : 'latchkey';
}

function shortened(url) {
  return url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(/^.*?\/(dist|packages|bench)\//, '$1/');
}
