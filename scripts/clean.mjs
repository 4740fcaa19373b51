// Removes what the build and the tests made. Keeps node_modules and the data folder.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const packages = ['packages', 'examples'].flatMap((folder) =>
  readdirSync(join(root, folder)).map((name) => join(folder, name)),
);

for (const folder of ['.', ...packages]) {
  for (const made of ['dist', 'coverage']) rmSync(join(root, folder, made), { recursive: true, force: true });
}
