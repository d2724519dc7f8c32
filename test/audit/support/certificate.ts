import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface Certified {
  /** PEM */
  readonly key: string;
  /** PEM, signed with the key itself. */
  readonly cert: string;
}

const OID = {
  ecdsaWithSha256: '2a8648ce3d040302',
  commonName: '550403',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
};

/** A certificate for `localhost` and 127.0.0.1 that nobody trusts who was not handed it (X.509, RFC 5280). */
export function selfSigned(): Certified {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(tlv(0x31, sequence(oid(OID.commonName), tlv(0x0c, Buffer.from('localhost')))));
  const validity = sequence(utcTime(-86_400_000), utcTime(86_400_000));
  const alternatives = sequence(tlv(0x82, Buffer.from('localhost')), tlv(0x87, Buffer.of(127, 0, 0, 1)));
  const extensions = sequence(
    extension(OID.subjectAltName, alternatives),
    extension(OID.basicConstraints, sequence(tlv(0x01, Buffer.of(0xff)))),
  );
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const toSign = sequence(
    tlv(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, extensions),
  );
  const certificate = sequence(
    toSign,
    algorithm,
    tlv(0x03, Buffer.concat([Buffer.of(0), sign('sha256', toSign, privateKey)])),
  );
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
  };
}

/** DER: type, length, value. */
function tlv(type: number, value: Buffer): Buffer {
  const length =
    value.length < 0x80 ? Buffer.of(value.length) : Buffer.of(0x82, value.length >> 8, value.length & 0xff);
  return Buffer.concat([Buffer.of(type), length, value]);
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function integer(value: Buffer): Buffer {
  return tlv(0x02, value);
}

function oid(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, 'hex'));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), tlv(0x04, value));
}

function utcTime(fromNowMs: number): Buffer {
  const text = new Date(Date.now() + fromNowMs)
    .toISOString()
    .replaceAll(/[-:T]|\.\d+/g, '')
    .slice(2);
  return tlv(0x17, Buffer.from(text));
}
