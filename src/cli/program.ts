import { Command } from 'commander';
import { loadConfig } from '../config/load-config';
import { start } from '../main';

/** The command line. */
export function createProgram(env: NodeJS.ProcessEnv): Command {
  const program = new Command('latchkey').option('-c, --config <file>', 'configuration file');
  program
    .command('start')
    .description('run the service')
    .action(async () => {
      await start(loadConfig({ file: program.opts<{ config?: string }>().config, env }));
    });
  return program;
}
