import { AuthError } from '@latchkey/nest';
import { formDecoded, type Form } from './form';

/** What a caller says it is and what it proves it with. */
export interface PresentedClient {
  readonly id: string;
  readonly secret: string;
}

const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i;
const LONGEST_HEADER = 1_024;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The client's credentials: HTTP Basic with form-encoded parts, or in the body, never both (RFC 6749, section 2.3.1).
 * @throws AuthError `invalid_client`; `validation_failed` when two methods are used
 */
export function presentedClient(authorization: string | undefined, form: Form): PresentedClient {
  const [id, secret] = [form.get('client_id'), form.get('client_secret')];
  if (authorization === undefined) {
    if (id === undefined || secret === undefined) throw refused('The client must authenticate');
    return { id, secret };
  }
  if (secret !== undefined) throw twice('The client authenticates in two ways');
  const client = basicClient(authorization);
  if (id !== undefined && id !== client.id) throw twice('The form names another client');
  return client;
}

function basicClient(authorization: string): PresentedClient {
  const encoded = authorization.length > LONGEST_HEADER ? undefined : BASIC.exec(authorization)?.[1];
  if (encoded === undefined) throw refused('The client must authenticate with Basic');
  try {
    const text = UTF8.decode(Buffer.from(encoded, 'base64'));
    const colon = text.indexOf(':');
    if (colon < 0) throw refused('The client could not be authenticated');
    return { id: formDecoded(text.slice(0, colon)), secret: formDecoded(text.slice(colon + 1)) };
  } catch (cause) {
    throw refused('The client could not be authenticated', cause);
  }
}

function refused(message: string, cause?: unknown): AuthError {
  return new AuthError('invalid_client', message, { cause });
}

function twice(message: string): AuthError {
  return new AuthError('validation_failed', message);
}
