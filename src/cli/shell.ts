import type { Command } from 'commander';
import { createLogger, type Logger } from '../common/logger';
import type { Config } from '../config/config';
import { loadConfig } from '../config/load-config';
import { EXIT, type ExitCode } from './failure';
import type { Terminal } from './terminal';

/** What a command line is run in. */
export interface Surroundings {
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
  /** Folder that relative paths start from; the process's own when not given. */
  readonly cwd?: string;
}

interface GlobalOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** What a command does; it answers the exit code when that is not 0. */
export type Work = (call: Call) => Promise<ExitCode | void> | ExitCode | void;

/** Runs the work of commands and keeps the exit code. */
export class Shell {
  exitCode: ExitCode = EXIT.ok;

  constructor(private readonly surroundings: Surroundings) {}

  get terminal(): Terminal {
    return this.surroundings.terminal;
  }

  /** As an action of commander, which gives the command itself as the last argument. */
  does(work: Work): (...given: unknown[]) => Promise<void> {
    return async (...given) => {
      this.exitCode = (await work(new Call(this.surroundings, given.at(-1) as Command))) ?? EXIT.ok;
    };
  }
}

/** One call of one command: what was given with it, and where its answer goes. */
export class Call {
  constructor(
    private readonly surroundings: Surroundings,
    private readonly command: Command,
  ) {}

  get terminal(): Terminal {
    return this.surroundings.terminal;
  }

  get json(): boolean {
    return this.globals.json === true;
  }

  /** The arguments, as many as the command declares. */
  get arguments(): string[] {
    return this.command.processedArgs as string[];
  }

  options<Options extends object>(): Options {
    return this.command.opts<Options>();
  }

  /** @throws ConfigError */
  config(): Config {
    const { env, cwd } = this.surroundings;
    return loadConfig({ file: this.globals.config, env, cwd });
  }

  /** The service's own log: on standard error, so that standard output holds the answer alone, and only when asked for. */
  logger(config: Config): Logger {
    return createLogger(this.globals.verbose ? config.log.level : 'silent', this.toStandardError);
  }

  /** For what must be on record whatever the log level is. */
  get record(): Logger {
    return createLogger('info', this.toStandardError);
  }

  /** The answer: `facts` as JSON where that was asked for, else the text. */
  print(facts: object, text: string): void {
    const answer = this.json ? JSON.stringify(facts, null, 2) : text;
    this.terminal.stdout.write(`${answer.trimEnd()}\n`);
  }

  private get toStandardError(): { write(line: string): void } {
    const { stderr } = this.terminal;
    return { write: (line) => void stderr.write(line) };
  }

  private get globals(): GlobalOptions {
    return this.command.optsWithGlobals<GlobalOptions>();
  }
}
