/** The door of this room: what pages of other features may use. */
export { Cookies } from './cookies.ts';
export { FormGuard } from './form-guard.ts';
export { SignInLimits } from './limits.ts';
export { signInRouter } from './router.ts';
export { sendPage } from './send-page.ts';
export { Sessions, type SignedIn } from './sessions.ts';
export { SignInService } from './sign-in-service.ts';
export { findSignedIn, signedInContext, type Visitors } from './signed-in.ts';
