const SECRET_SHAPES: readonly [RegExp, string][] = [
  [/lk_([a-z]{2})_[0-9A-Za-z_-]+/g, 'lk_$1_[redacted]'],
  [/\beyJ[0-9A-Za-z_-]+\.[0-9A-Za-z_-]*\.[0-9A-Za-z_-]*/g, '[redacted jwt]'],
  [/([?&](?:access_token|ticket)=)[^&\s"\\]+/gi, '$1[redacted]'],
  [/\bBearer\s+[^\s"\\,]+/gi, 'Bearer [redacted]'],
  [/\bBasic\s+[0-9A-Za-z+/=_-]{16,}/gi, 'Basic [redacted]'],
  [/\b(client_secret|[a-z_]*token)=[^&\s"\\]+/g, '$1=[redacted]'],
  [/\$(argon2(?:id|i|d)|2[aby])\$[0-9A-Za-z$./=,+]+/g, '$$$1$$[redacted]'],
  [/(\w+:\/\/[^\s:@/"\\]*):[^\s@"\\]+@/g, '$1:[redacted]@'],
  [/([?&][a-z_]*(?:password|secret|token)=)[^&\s"\\]+/gi, '$1[redacted]'],
  [
    /("(?:[a-z_]*password|[a-z_]*secret|access_token|refresh_token|ticket|authorization|cookie)"\s*:\s*)"(?:[^"\\]|\\.)*"/gi,
    '$1"[redacted]"',
  ],
];

/** Last resort against secrets in logs: whatever has the shape of a token, hash or connection password is replaced. */
export function scrubSecrets(line: string): string {
  let clean = line;
  for (const [shape, replacement] of SECRET_SHAPES) clean = clean.replace(shape, replacement);
  return clean;
}
