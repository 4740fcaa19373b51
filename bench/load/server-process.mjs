import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const START_WITHIN = 30_000;
const STOP_WITHIN = 10_000;

/** Starts a server of `bench/servers` in a process of its own and resolves when it listens, `within` so many milliseconds. */
export async function startServer(script, { env, nodeOptions = [], within = START_WITHIN }) {
  const file = fileURLToPath(new URL(`../servers/${script}`, import.meta.url));
  const child = fork(file, { execArgv: nodeOptions, env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env } });
  const exited = once(child, 'exit');
  const { port } = await started(child, exited, { script, within });
  return { pid: child.pid, url: `http://127.0.0.1:${port}/bench/whoami`, stop: () => stop(child, exited) };
}

async function started(child, exited, { script, within }) {
  const failed = exited.then(([code]) =>
    Promise.reject(new Error(`${script} ended with code ${code} before it listened`)),
  );
  const begun = new AbortController();
  const late = sleep(within, undefined, { ref: false, signal: begun.signal }).then(() => {
    child.kill('SIGKILL');
    throw new Error(`${script} did not listen within ${within / 1000} s`);
  });
  failed.catch(() => {});
  late.catch(() => {});
  const [message] = await Promise.race([once(child, 'message'), failed, late]);
  begun.abort();
  return message;
}

async function stop(child, exited) {
  if (child.connected) child.disconnect();
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN);
  await exited;
  clearTimeout(killer);
}
