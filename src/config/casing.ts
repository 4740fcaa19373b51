type CamelKey<K> = K extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelKey<Tail>>}` : K;

/** The code's view of a snake_case value: camelCase keys, readonly to the last level. */
export type CamelCased<T> = T extends readonly (infer Item)[]
  ? readonly CamelCased<Item>[]
  : T extends object
    ? { readonly [K in keyof T as CamelKey<K>]: CamelCased<T[K]> }
    : T;

/** The one place where the file's names become the code's names. */
export function camelCased<T>(value: T): CamelCased<T> {
  return renamed(value, (key) => key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())) as CamelCased<T>;
}

/** The way back: the code's names as they are written in a file. */
export function snakeCased(value: unknown): unknown {
  return renamed(value, (key) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [rename(key), renamed(item, rename)]));
}
