import { z } from 'zod';

/** Where an application is sent back to: compared letter for letter. */
export const redirectUri = z.string().refine(isRedirectUri, {
  error: 'must be an exact URI without query and fragment, such as com.example.app:/callback',
});

function isRedirectUri(text: string): boolean {
  if (!URL.canParse(text) || /[?#*\s]/.test(text)) return false;
  const { protocol, username, password } = new URL(text);
  return !/^(javascript|data|file|blob|about|vbscript):$/.test(protocol) && username === '' && password === '';
}
