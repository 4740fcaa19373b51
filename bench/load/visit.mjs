import { cpuOf } from './cpu.mjs';
import { environmentOf } from './environment.mjs';
import { requireCorrect } from './gate.mjs';
import { headerOf } from './header.mjs';
import { startServer } from './server-process.mjs';
import { load } from './wrk.mjs';

/** Starts one candidate, checks that it is right, warms it, loads it for the timed window, stops it. */
export function visit(candidate, world, options) {
  return withRightServer(candidate, world, async (server) => {
    await warm(server, candidate, world, options);
    return timed(server, candidate, world, options);
  });
}

/** Starts one candidate, checks that it is right, stops it. */
export function check(candidate, world) {
  return withRightServer(candidate, world, async () => {});
}

async function withRightServer(candidate, world, work) {
  const server = await startServer(candidate.script, { env: environmentOf(world, candidate) });
  try {
    const header = headerOf(candidate);
    await requireCorrect(server, { ...candidate, header, tokens: world.tokens[candidate.tokens], users: world.users });
    return await work(server);
  } catch (error) {
    throw new Error(`${candidate.id}: ${error.message}`, { cause: error });
  } finally {
    await server.stop();
  }
}

/** Until every token was seen twice, so that what can be remembered is; once where nothing is, for V8 to be done compiling. */
export async function warm(server, candidate, world, { warmup, connections }) {
  const enough = (candidate.forgetful ? 1 : 2) * world.users.length;
  for (let seen = 0; seen < enough;) {
    seen += (await loadWith(server, candidate, world, { seconds: warmup, connections })).requests;
  }
}

/** One window of load with the candidate's own tokens. */
export function loadWith({ url }, candidate, world, { seconds, connections }) {
  return load(url, { tokens: world.files[candidate.tokens], header: headerOf(candidate), seconds, connections });
}

async function timed(server, candidate, world, { duration, connections }) {
  const before = cpuOf(server.pid);
  const facts = await loadWith(server, candidate, world, { seconds: duration, connections });
  const after = cpuOf(server.pid);
  const { requests } = facts;
  const user = (after.user - before.user) / requests;
  const system = (after.system - before.system) / requests;
  return {
    requests,
    perSecond: (requests * 1e6) / facts.micros,
    cpu: { user, system, total: user + system },
    latency: { p50: facts.p50, p99: facts.p99 },
    bytesPerAnswer: facts.bytes / requests,
  };
}
