import type { Settings } from './test-app';

/** A row of the table of profiles, as `GET /auth/mode` tells it. */
export interface ModeRow {
  readonly mode: 'stateful' | 'stateless';
  readonly access_token: 'opaque' | 'jwt';
  readonly refresh_token: 'opaque' | 'jwt';
  readonly list_sessions: boolean;
  readonly revoke_session: 'listed' | 'by_sid' | false;
  readonly revoke_all_sessions: boolean;
  readonly logout_takes_effect: 'at_once' | 'at_expiry';
}

export interface Profile {
  readonly name: string;
  readonly settings: Settings;
  readonly row: ModeRow;
}

/** The four ways to run the service. Every end-to-end test holds in each. */
export const PROFILES: readonly Profile[] = [
  {
    name: 'stateful',
    settings: { 'auth.mode': 'stateful' },
    row: {
      mode: 'stateful',
      access_token: 'opaque',
      refresh_token: 'opaque',
      list_sessions: true,
      revoke_session: 'listed',
      revoke_all_sessions: true,
      logout_takes_effect: 'at_once',
    },
  },
  {
    name: 'stateless, tracked',
    settings: { 'auth.mode': 'stateless', 'auth.jwt.sessions': 'tracked' },
    row: {
      mode: 'stateless',
      access_token: 'jwt',
      refresh_token: 'opaque',
      list_sessions: true,
      revoke_session: 'listed',
      revoke_all_sessions: true,
      logout_takes_effect: 'at_once',
    },
  },
  {
    name: 'stateless, denylist',
    settings: { 'auth.mode': 'stateless' },
    row: {
      mode: 'stateless',
      access_token: 'jwt',
      refresh_token: 'jwt',
      list_sessions: false,
      revoke_session: 'by_sid',
      revoke_all_sessions: true,
      logout_takes_effect: 'at_once',
    },
  },
  {
    name: 'stateless, revocation none',
    settings: { 'auth.mode': 'stateless', 'auth.jwt.revocation': 'none' },
    row: {
      mode: 'stateless',
      access_token: 'jwt',
      refresh_token: 'jwt',
      list_sessions: false,
      revoke_session: false,
      revoke_all_sessions: false,
      logout_takes_effect: 'at_expiry',
    },
  },
];
