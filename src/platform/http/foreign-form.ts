import type { Request } from 'express';
import { Forbidden } from '../errors.ts';

/**
 * Refuses a form that a browser says was sent by another site: by Fetch Metadata where it sends it (https and localhost),
 * else by `Origin`, which every form of another site brings. What says nothing is no browser, and passes.
 * @param ownOrigin the origin of the public address
 * @throws Forbidden
 */
export function refuseOtherSites(request: Request, ownOrigin: string): void {
  const site = request.get('sec-fetch-site');
  const origin = request.get('origin');
  const foreign =
    site === undefined ? origin !== undefined && origin !== ownOrigin : site !== 'same-origin' && site !== 'none';
  if (foreign) throw foreignForm();
}

/** A form that was not served here, or not to this browser. */
export function foreignForm(): Forbidden {
  return new Forbidden(
    'This form was opened too long ago, or comes from elsewhere. Open the page again and repeat the last step.',
  );
}
