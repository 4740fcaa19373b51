/** The header in which a candidate is sent its tokens, and what stands before them. */
export function headerOf({ cookies = false }) {
  return cookies ? { name: 'Cookie', prefix: '' } : { name: 'Authorization', prefix: 'Bearer ' };
}
