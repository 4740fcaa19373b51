import path from 'node:path';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load-config';
import { readSource } from './source-tree';

interface Service {
  image?: string;
  build?: string;
  environment?: Record<string, string>;
  ports?: string[];
  networks?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  read_only?: boolean;
}

interface Compose {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, unknown>;
}

const compose = parse(readSource('docker-compose.yml').text) as Compose;
const { latchkey, postgres } = compose.services as { latchkey: Service; postgres: Service };
const services = Object.entries(compose.services);
const dockerfile = readSource('Dockerfile').text;

describe('docker-compose.yml', () => {
  it('names only networks and volumes that it defines', () => {
    const networks = services.flatMap(([, service]) => service.networks ?? []);
    const volumes = services.flatMap(([, service]) => service.volumes ?? []).map((mount) => mount.split(':')[0]);
    expect(Object.keys(compose.networks)).toEqual(expect.arrayContaining(networks));
    expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(volumes));
  });

  it('requires every secret and holds none', () => {
    const secrets = services
      .flatMap(([, { environment = {} }]) => Object.entries(environment))
      .filter(([name]) => /PASSWORD|SECRET|DATABASE_URL/.test(name));
    expect(secrets).toHaveLength(4);
    for (const [, value] of secrets) {
      expect(value).toMatch(/\$\{(POSTGRES_PASSWORD|LATCHKEY_SECRET|JWT_SECRET):\?[^}]+\}/);
    }
  });

  it('gives the service all that its configuration asks for', () => {
    const given = Object.entries(latchkey.environment ?? {}).map(([name, value]) => [
      name,
      value.replace(/\$\{[A-Z_]+(?::-([^}]*)|:\?[^}]*)\}/g, (_, otherwise?: string) => otherwise ?? 'x'.repeat(48)),
    ]);
    const cwd = path.resolve(__dirname, '../..');
    expect(loadConfig({ cwd, env: Object.fromEntries(given) as NodeJS.ProcessEnv }).environment).toBe('production');
  });

  it('publishes ports on loopback alone, and none of the database', () => {
    for (const port of latchkey.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(postgres.ports).toBeUndefined();
    expect(postgres.networks?.map((name) => compose.networks[name]?.internal)).toEqual([true]);
  });

  it('starts the service once the database answers', () => {
    expect(postgres.healthcheck?.test.join(' ')).toContain('pg_isready');
    expect(latchkey.depends_on?.postgres?.condition).toBe('service_healthy');
  });

  it('keeps the data of PostgreSQL 18 where its image writes it', () => {
    expect(postgres.image).toBe('postgres:18');
    expect(postgres.volumes).toEqual(['postgres-data:/var/lib/postgresql']);
  });

  it('runs the service on a read-only root with its data folder as volume', () => {
    expect(latchkey.read_only).toBe(true);
    expect(latchkey.volumes).toEqual([`latchkey-data:${dockerfile.match(/LATCHKEY_DATA_DIR=(\S+)/)?.[1]}`]);
  });
});

describe('Dockerfile', () => {
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));

  it('ends as an unprivileged user and starts the command of package.json', () => {
    const { bin } = JSON.parse(readSource('package.json').text) as { bin: { latchkey: string } };
    expect(last).toContain('\nUSER node\n');
    expect(last).toContain(`CMD ["node", "${bin.latchkey}", "start"]`);
  });

  it('installs production packages without embedded PostgreSQL', () => {
    expect(last).toContain('COPY --from=production /app/node_modules');
    expect(dockerfile).toContain('npm ci --omit=dev --omit=optional --ignore-scripts');
  });

  it('asks /health/live with the runtime that is there', () => {
    expect(last).toMatch(/HEALTHCHECK[^]*fetch\(.*\/health\/live/);
  });

  it('copies only what .dockerignore lets through', () => {
    const allowed = [...readSource('.dockerignore').text.matchAll(/^!(\S+)$/gm)].map((match) => match[1]!);
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => match[1]!.split(' '));
    for (const path of copied) expect(allowed).toContain(path.split('/')[0]);
  });
});
