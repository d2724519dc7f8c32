import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { decrypt, encrypt } from '../crypto/aead.ts';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

const METADATA_ENCODING_KEY = 'encoding';
const ENCODING = 'binary/encrypted';
const CONTEXT = 'temporal.payload';

/**
 * Encrypts everything that Temporal stores for us. Nothing personal is in it to begin with; this is the second line, should
 * something ever get in by mistake.
 */
export class EncryptingCodec implements PayloadCodec {
  readonly #key: Uint8Array;

  /** @param key 32 bytes */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => ({
      metadata: { [METADATA_ENCODING_KEY]: Buffer.from(ENCODING) },
      data: encrypt(this.#key, PayloadMessage.encode(payload).finish(), CONTEXT),
    }));
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      const encoding = payload.metadata?.[METADATA_ENCODING_KEY];
      if (!encoding || Buffer.from(encoding).toString() !== ENCODING) return payload;
      return PayloadMessage.decode(decrypt(this.#key, payload.data ?? new Uint8Array(), CONTEXT));
    });
  }
}
