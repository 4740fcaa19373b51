import type { Origin } from './config-error';

/** Keys from the top of the file downwards. */
export type Path = readonly string[];

/** One value of the configuration and where it came from. */
export interface Setting {
  path: Path;
  value: unknown;
  origin: Origin;
  /** Origins of the items when the value is a list. */
  items?: readonly Origin[];
}

const SEPARATOR = '\u0000';
const ALIASES: readonly (readonly [Path, Path])[] = [
  [
    ['auth', 'session', 'max_login_attempts'],
    ['auth', 'lockout', 'max_attempts'],
  ],
  [
    ['auth', 'session', 'lockout_duration'],
    ['auth', 'lockout', 'duration'],
  ],
];

/** Values that belong together (a file, the environment), remembering where each was written. */
export class Layer {
  private readonly settings = new Map<string, Setting>();
  private readonly keys = new Map<string, Origin>();

  all(): Setting[] {
    return [...this.settings.values()];
  }

  get(path: Path): Setting | undefined {
    return this.settings.get(id(path));
  }

  /** Puts a value in its place; what stood there, below it or around it is gone. */
  set(setting: Setting): void {
    this.remove(setting.path);
    this.settings.set(id(setting.path), setting);
  }

  markKey(path: Path, origin: Origin): void {
    this.keys.set(id(path), origin);
  }

  /** Removes the value at this path, everything below it and a value around it; their places stay known. */
  remove(path: Path): void {
    for (const { path: other } of this.all()) {
      if (isBelow(other, path) || isBelow(path, other)) this.settings.delete(id(other));
    }
  }

  /** Puts another layer on top: its values win, lists are replaced, an empty block changes nothing. */
  overlay(top: Layer): void {
    const winning = top.all().filter(({ path, value }) => !isEmptyBlock(value) || !this.isBlock(path));
    for (const alias of winning.flatMap(({ path }) => aliasOf(path) ?? [])) this.settings.delete(alias);
    for (const setting of winning) this.set(setting);
    for (const [path, origin] of top.keys) this.keys.set(path, origin);
  }

  /** Pairs of values that mean the same thing and were both given here. */
  contradictions(): [Setting, Setting][] {
    return ALIASES.flatMap(([name, otherName]) => {
      const [one, other] = [this.get(name), this.get(otherName)];
      return one && other ? [[one, other] as [Setting, Setting]] : [];
    });
  }

  /** The values as one nested object without a prototype. */
  toObject(): Record<string, unknown> {
    const root: Record<string, unknown> = Object.create(null);
    for (const { path, value } of this.all()) {
      let block = root;
      for (const key of path.slice(0, -1)) block = (block[key] ??= Object.create(null)) as Record<string, unknown>;
      block[path.at(-1)!] = value;
    }
    return root;
  }

  /** The best known place of this path: its value, its key, something below it, or the nearest block around it. */
  locate(path: Path): Origin {
    const item = this.get(path.slice(0, -1))?.items?.[Number(path.at(-1))];
    return this.get(path)?.origin ?? item ?? this.firstBelow(path)?.origin ?? this.locateKey(path);
  }

  /** The same for a path whose key is at fault, not its value. */
  locateKey(path: Path): Origin {
    const known = this.keys.get(id(path)) ?? this.firstBelow(path)?.origin;
    if (known) return known;
    return path.length > 1 ? this.locateKey(path.slice(0, -1)) : {};
  }

  private firstBelow(path: Path): Setting | undefined {
    return this.all().find((setting) => isBelow(setting.path, path));
  }

  private isBlock(path: Path): boolean {
    return this.all().some((setting) => setting.path.length > path.length && isBelow(setting.path, path));
  }
}

function id(path: Path): string {
  return path.join(SEPARATOR);
}

function isBelow(path: Path, ancestor: Path): boolean {
  return ancestor.every((key, index) => path[index] === key);
}

function isEmptyBlock(value: unknown): boolean {
  return value === null || (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0);
}

function aliasOf(path: Path): string | undefined {
  const pair = ALIASES.map((names) => names.map(id)).find((names) => names.includes(id(path)));
  return pair?.find((name) => name !== id(path));
}
