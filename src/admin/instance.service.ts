import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { snakeCased } from '../config/casing';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { maskedConfig } from '../config/show-config';
import { ModeCapabilities } from '../strategy/mode-capabilities';
import { ModePlanStore } from '../strategy/mode-plan.store';

/** What this installation is. */
@Injectable()
export class AdminInstance {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly capabilities: ModeCapabilities,
    private readonly fleet: ModePlanStore,
    private readonly clock: Clock,
  ) {}

  /** As `latchkey config show` prints it: secrets masked. */
  configuration(): object {
    return { environment: this.config.environment, config: maskedConfig(this.config) };
  }

  /** What the mode can do, and what a change of mode would meet. */
  async mode(): Promise<object> {
    const fleet = await this.fleet.read(this.clock.date());
    return snakeCased(JSON.parse(JSON.stringify({ capabilities: this.capabilities.describe(), fleet }))) as object;
  }
}
