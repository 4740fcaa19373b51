import type { ConfigProblem } from './config-error';
import { configSchema, type Settings } from './config.schema';
import { crossFindings } from './cross-rules';
import type { Finding } from './finding';
import { explainIssue, findingsOf, problemAt } from './issues';
import type { Layer } from './layer';

/** Checks every key and every rule between keys; keys in `refused` were reported before and count as wrong. */
export function validate(layer: Layer, environment: string, refused: readonly string[]): Validation {
  const parsed = configSchema.safeParse(layer.toObject(), { error: explainIssue });
  const findings = parsed.success ? [] : parsed.error.issues.flatMap(findingsOf);
  const problems = findings.map(({ path, message, unknownKey }) => problemAt(layer, path, message, unknownKey));
  for (const { path } of findings) layer.remove(path);

  const settings = parsed.success ? parsed.data : configSchema.parse(layer.toObject());
  const wrong = [...refused, ...problems.map(({ key }) => key)];
  const contradictions = crossFindings(settings, environment).filter((finding) => !touches(finding, wrong));
  problems.push(...contradictions.map(({ key, message }) => problemAt(layer, key.split('.'), message)));
  return { settings, problems };
}

/** What was found; the settings are to be used only when there are no problems. */
export interface Validation {
  settings: Settings;
  problems: ConfigProblem[];
}

function touches({ key, reads = [] }: Finding, wrong: readonly string[]): boolean {
  return [key, ...reads].some((one) =>
    wrong.some((other) => `${one}.`.startsWith(`${other}.`) || `${other}.`.startsWith(`${one}.`)),
  );
}
