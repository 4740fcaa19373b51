import { z } from 'zod';
import type { ConfigProblem } from './config-error';
import type { Layer, Setting } from './layer';
import { describedAt } from './schema-walk';
import { valueOfText } from './text-value';
import { interpolate, VariableError, type Environment } from './variables';

/** Replaces every variable reference, in place, and leaves out what is empty and may be; bad values are removed. */
export function resolveVariables(layer: Layer, environment: Environment): ConfigProblem[] {
  return layer.all().flatMap((setting) => {
    try {
      layer.set(resolved(setting, environment));
      return [];
    } catch (error) {
      if (!(error instanceof VariableError)) throw error;
      layer.remove(setting.path);
      return [{ ...setting.origin, key: setting.path.join('.'), message: error.message }];
    }
  });
}

/** Removes what counts as "not given": empty optional values and blocks without keys. */
export function dropEmpty(layer: Layer): void {
  for (const { path, value } of layer.all()) {
    const described = describedAt(path);
    const mayBeEmpty = described?.optional || (value === null && described?.schema instanceof z.ZodObject);
    if (mayBeEmpty && (value === '' || value === null)) layer.remove(path);
  }
}

function resolved(setting: Setting, environment: Environment): Setting {
  if (Array.isArray(setting.value)) return resolvedList(setting, setting.value, environment);
  if (typeof setting.value !== 'string') return setting;
  const { text, used, whole } = interpolate(setting.value, environment);
  const value = whole ? valueOfText(text, setting.path) : text;
  return { ...setting, value, origin: withSource(setting, used) };
}

function resolvedList(setting: Setting, list: unknown[], environment: Environment): Setting {
  const used: string[] = [];
  const value = list.map((item) => {
    if (typeof item !== 'string') return item;
    const { text, used: names } = interpolate(item, environment);
    used.push(...names);
    return text === '' && item !== '' ? undefined : text;
  });
  const kept = value.map((item) => item !== undefined);
  return {
    ...setting,
    value: value.filter((_, index) => kept[index]),
    items: setting.items?.filter((_, index) => kept[index]),
    origin: withSource(setting, used),
  };
}

function withSource({ origin }: Setting, used: string[]) {
  return used.length > 0 ? { ...origin, source: used.join(', ') } : origin;
}
