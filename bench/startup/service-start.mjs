import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cpuOf } from '../load/cpu.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LOOK_EVERY = 10;
const GIVE_UP_AFTER = 60_000;
const REST = 3_000;
/** What the start left behind has been collected by then. */
const IDLE = 30_000;

/**
 * Starts the service as its users do, with the embedded database, its default settings and their password hashes:
 * once on an empty folder, where an account is made, then `count` times on the same folder, and once to stand idle.
 * Seconds and MB.
 */
export async function measureStarts(count) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-startup-'));
  // PostgreSQL runs as another user when this runs as root.
  chmodSync(folder, 0o711);
  const account = { email: 'first@example.com', password: randomBytes(12).toString('base64url') };
  try {
    const cold = await oneStart(folder, account, { register: true });
    const warm = [];
    for (let start = 0; start < count; start++) warm.push(await oneStart(folder, account, {}));
    return { cold, warm, idleMB: await restingMB(folder, IDLE) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function oneStart(folder, account, { register = false }) {
  const port = await freePort();
  const began = performance.now();
  const service = run(folder, port);
  try {
    const url = `http://127.0.0.1:${port}`;
    await until(service, async () => (await fetch(`${url}/auth/mode`)).ok);
    const listening = seconds(began);
    // The account exists from the second start on; memory is read before and after the first password was hashed.
    if (register) await post(`${url}/auth/register`, account, 202);
    await until(service, () => post(`${url}/auth/login`, account, 200));
    const login = seconds(began);
    const { user, system } = cpuOf(service.pid);
    await sleep(REST);
    return {
      listening,
      login,
      cpu: (user + system) / 1e6,
      afterLoginMB: residentMB(service.pid),
      restMB: await restingMB(folder),
    };
  } finally {
    await stop(service);
  }
}

/** Of another process on the same folder that nobody has signed in to; it shares the database that runs already. */
async function restingMB(folder, rest = REST) {
  const port = await freePort();
  const service = run(folder, port);
  try {
    await until(service, async () => (await fetch(`http://127.0.0.1:${port}/auth/mode`)).ok);
    await sleep(rest);
    return residentMB(service.pid);
  } finally {
    await stop(service);
  }
}

function run(folder, port) {
  const env = { PATH: process.env.PATH, PORT: String(port), LATCHKEY_DATA_DIR: folder };
  const args = ['dist/src/cli/latchkey.js', '--config', 'config/default.yaml', 'start'];
  return spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'inherit'] });
}

async function until(service, succeeds) {
  const deadline = performance.now() + GIVE_UP_AFTER;
  while (!(await succeeds().catch(() => false))) {
    if (service.exitCode !== null) throw new Error(`The service ended with code ${service.exitCode}`);
    if (performance.now() > deadline) throw new Error('The service was not ready within a minute');
    await sleep(LOOK_EVERY);
  }
}

async function post(url, body, expected) {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (response.status !== expected) throw new Error(`${url} answered ${response.status}: ${text}`);
  return true;
}

/** Of the Node process alone: PostgreSQL is its child. */
function residentMB(pid) {
  const kB = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1];
  return (Number(kB) * 1024) / 1e6;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function stop(service) {
  if (service.exitCode !== null) return;
  const exited = once(service, 'exit');
  service.kill('SIGTERM');
  const killer = setTimeout(() => service.kill('SIGKILL'), 15_000);
  await exited;
  clearTimeout(killer);
}

const seconds = (began) => (performance.now() - began) / 1000;
