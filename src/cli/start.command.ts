import type { Command } from 'commander';
import { start } from '../main';
import { ModeCapabilities } from '../strategy/mode-capabilities';
import type { AddressInfo, Server } from 'node:net';
import { readyNote } from './ready-note';
import type { Shell } from './shell';

const HELP = `
Logs are JSON lines on standard output. SIGTERM and SIGINT let open requests finish and end it with code 0.

Example:
  $ latchkey start
  $ NODE_ENV=production latchkey start --config /etc/latchkey.yaml`;

export function addStart(program: Command, shell: Shell): void {
  program
    .command('start')
    .description('run the service')
    .addHelpText('after', HELP)
    .action(
      shell.does(async (call) => {
        const config = call.config();
        const app = await start(config);
        const { stderr } = call.terminal;
        if (!stderr.isTTY && config.environment !== 'development') return;
        const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
        const capabilities = app.get(ModeCapabilities, { strict: false }).describe();
        stderr.write(readyNote(config, capabilities, port));
      }),
    );
}
