import { Controller, Get, Res } from '@nestjs/common';
import { Public } from '@latchkey/nest';
import { Readiness } from './readiness';

interface Reply {
  status(code: number): unknown;
}

/** For load balancers and orchestrators. */
@Public()
@Controller('health')
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  /** 200 while the process can answer at all. */
  @Get('live')
  live() {
    return { status: 'live' };
  }

  /** 200 when requests can be served, 503 when they should go elsewhere. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: Reply) {
    const { ready, checks } = await this.readiness.check();
    reply.status(ready ? 200 : 503);
    return { status: ready ? 'ready' : 'not_ready', checks };
  }
}
