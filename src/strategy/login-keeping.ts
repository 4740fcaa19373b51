import { Injectable } from '@nestjs/common';
import { HorizonRecorder } from './horizon-recorder';
import { LoginRevoker } from './login-revoker';
import { RefreshDecisions } from './refresh-decisions';
import { SessionRows } from './session-rows';

/** What both strategies keep of a login: its row, the decisions about its refresh tokens, its end, and for how long. */
@Injectable()
export class LoginKeeping {
  constructor(
    readonly rows: SessionRows,
    readonly decisions: RefreshDecisions,
    readonly revoker: LoginRevoker,
    readonly horizons: HorizonRecorder,
  ) {}
}
