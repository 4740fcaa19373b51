import type { Command } from 'commander';
import { Clock } from '../common/clock';
import type { Config } from '../config/config';
import { ConfigError } from '../config/config-error';
import { issuancePolicyOf } from '../strategy/strategy.module';
import { databaseFindings } from './doctor/database-check';
import type { Finding } from './doctor/finding';
import { hashingFinding } from './doctor/hashing-check';
import { secretFindings } from './doctor/secrets-check';
import { EXIT, type ExitCode } from './failure';
import type { Call, Shell } from './shell';
import { printable, textTable } from './text-table';

const HELP = `
Checks the configuration, the secrets, the database, its schema, both clocks, the cleanup, the revocation feed,
Redis and the providers of sign-ins, and times a password hash on this machine. Changes no data. Ends with 1 when a check failed; warnings do not count.

Example:
  $ latchkey doctor
  $ latchkey doctor --json | jq '.checks[] | select(.status != "ok")'`;

export function addDoctor(program: Command, shell: Shell): void {
  program
    .command('doctor')
    .description('find out what is wrong with this installation')
    .addHelpText('after', HELP)
    .action(shell.does(doctor));
}

async function doctor(call: Call): Promise<ExitCode> {
  const { config, findings } = configured(call);
  if (config) {
    const clock = new Clock();
    // `latchkey start` has no use for these clients, and this file is read by every command.
    const { redisFinding } = await import('./doctor/redis-check.js');
    findings.push(...secretFindings(config));
    findings.push(...(await databaseFindings(config, clock, call.logger(config))));
    findings.push(await redisFinding(config, clock, call.logger(config)));
    const { providerFindings, samlFindings } = await import('./doctor/providers-check.js');
    findings.push(...(await providerFindings(config)), ...(await samlFindings(config, clock.now())));
    findings.push(await hashingFinding(config, clock));
  }
  const healthy = findings.every(({ status }) => status !== 'fail');
  call.print({ healthy, checks: findings }, textOf(findings, healthy));
  return healthy ? EXIT.ok : EXIT.failed;
}

function configured(call: Call): { config: Config | null; findings: Finding[] } {
  try {
    const config = call.config();
    const detail = `environment ${config.environment}, mode ${issuancePolicyOf(config).mode}`;
    return { config, findings: [{ check: 'configuration', status: 'ok', detail }] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const mend = 'Mend the keys that are named';
    return { config: null, findings: [{ check: 'configuration', status: 'fail', detail: error.message, mend }] };
  }
}

function textOf(findings: readonly Finding[], healthy: boolean): string {
  const rows = findings.map(({ check, status, detail }) => [status.toUpperCase(), check.replaceAll('_', ' '), detail]);
  const mends = findings.filter(({ mend }) => mend !== undefined).map(({ check, mend }) => mendText(check, mend));
  const verdict = healthy ? 'Nothing has failed.' : 'Something has failed.';
  return [textTable(['STATE', 'CHECK', 'FOUND'], rows), ...mends, verdict].join('\n\n');
}

function mendText(check: string, mend: string | undefined): string {
  return `${check.replaceAll('_', ' ')}: ${printable(mend)}`;
}
