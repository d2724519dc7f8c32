import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { isPublicAddress } from '../rules/public-address.ts';

/** A name leads to an address that nothing may be sent to. */
export class AddressNotAllowed extends Error {
  readonly code = 'address-not-allowed';
  constructor() {
    super('leads to a private, local or otherwise special address, where nothing is sent to');
    this.name = 'AddressNotAllowed';
  }
}

/** A text that is no address of a receiver. The message says what it must be. */
export class MalformedUrl extends Error {
  readonly code = 'malformed-url';
  constructor() {
    super('must be an absolute http or https URL');
    this.name = 'MalformedUrl';
  }
}

/** A login in an address would be shown to everybody who may read the list. */
export class LoginInUrl extends Error {
  readonly code = 'login-in-url';
  constructor() {
    super('must not hold a user or password: whoever reads the list would see it; the signature says who sends');
    this.name = 'LoginInUrl';
  }
}

/** All addresses of a host name. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

export interface GuardOptions {
  /** The operator says that private addresses are fine. */
  readonly allowPrivate: boolean;
  readonly resolve?: Resolve;
  /** Certificates (PEM) that are trusted instead of the system's. */
  readonly ca?: string;
}

const CONNECT_TIMEOUT_MS = 5_000;
const CONNECTIONS_PER_ORIGIN = 8;
const KEEP_ALIVE_MS = 4_000;

/**
 * Keeps whoever may enter a receiver's address from making this server talk to its own network (server-side request forgery).
 * A name is resolved once, every address of it is checked, and the connection goes to what was checked: a name that answers
 * differently the second time gains nothing.
 */
export class AddressGuard {
  /** Sends requests to allowed addresses only, without a proxy. */
  readonly agent: Agent;
  readonly #allowPrivate: boolean;
  readonly #resolve: Resolve;

  constructor(options: GuardOptions) {
    this.#allowPrivate = options.allowPrivate;
    this.#resolve = options.resolve ?? resolveWithSystem;
    this.agent = new Agent({
      connect: this.#connector(options.ca),
      connections: CONNECTIONS_PER_ORIGIN,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
    });
  }

  /**
   * Reads an address and looks where it leads now.
   * @throws MalformedUrl, AddressNotAllowed, and the resolver's error where the name does not resolve
   */
  async check(text: string): Promise<URL> {
    const url = parseWebhookUrl(text);
    await this.addressesOf(hostOf(url));
    return url;
  }

  /**
   * The addresses of a host that may be connected to: all it has, or none.
   * @param host a name, or an address without brackets
   * @throws AddressNotAllowed where even one of them is not allowed: which of several is taken is not for us to say
   */
  async addressesOf(host: string): Promise<readonly string[]> {
    const addresses = isIP(host) ? [host] : await this.#resolve(host);
    if (addresses.length === 0 || !addresses.every((address) => this.#allows(address))) throw new AddressNotAllowed();
    return addresses;
  }

  /** Ends the connections that are kept open. */
  close(): Promise<void> {
    return this.agent.close();
  }

  #allows(address: string): boolean {
    return this.#allowPrivate ? isIP(address) !== 0 : isPublicAddress(address);
  }

  #connector(ca: string | undefined): buildConnector.connector {
    const connect = buildConnector({
      timeout: CONNECT_TIMEOUT_MS,
      lookup: this.lookup,
      ...(ca === undefined ? {} : { ca }),
    });
    return (options, callback) => {
      // Node connects to a literal address without looking anything up.
      if (isIP(options.hostname) && !this.#allows(options.hostname)) callback(new AddressNotAllowed(), null);
      else connect(options, callback);
    };
  }

  /** Finds the addresses of a name for a connection, and none that is not allowed. A literal address is never looked up. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.addressesOf(hostname).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        if (options.all) callback(null, found);
        else callback(null, found[0]!.address, found[0]!.family);
      },
      (error: Error) => callback(error, []),
    );
  };
}

/** @throws LoginInUrl */
export function refuseLogin(text: string): void {
  const url = URL.parse(text);
  if (url && (url.username !== '' || url.password !== '')) throw new LoginInUrl();
}

/** @throws MalformedUrl */
export function parseWebhookUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '') throw new MalformedUrl();
  return url;
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

async function resolveWithSystem(hostname: string): Promise<string[]> {
  const found = await lookup(hostname, { all: true });
  return found.map(({ address }) => address);
}
