// Verify the QR code of a receipt as a cash auditor's tool would: `node verify_qr_code.mjs 'V0;…'`.
import { createHash, createPublicKey, verify } from 'node:crypto';

const [, client, type, data, number, counter, , finish, , , signature, point] =
  process.argv[2].split(';');
const key = Buffer.from(point, 'base64');

const der = (tag, content) => {
  const body = Buffer.from(content);
  const size = body.length < 128 ? [body.length] : [0x81, body.length];
  if (body.length > 255) size.splice(0, 2, 0x82, body.length >> 8, body.length & 255);
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
};
const integer = (value, tag = 2) => {
  const hex = BigInt(value).toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return der(tag, bytes[0] > 127 ? [0, ...bytes] : bytes);
};
const message = Buffer.concat([
  integer(2),
  Buffer.from('060904007f000703070101', 'hex'),
  der(0x80, 'FinishTransaction'),
  der(0x81, client),
  der(0x82, data),
  der(0x83, type),
  integer(number, 0x85),
  der(0x04, createHash('sha256').update(key).digest()),
  Buffer.from('300c060a04007f00070101040103', 'hex'),
  integer(counter),
  integer(Date.parse(finish) / 1000),
]);
const jwk = {
  kty: 'EC',
  crv: 'P-256',
  x: key.subarray(1, 33).toString('base64url'),
  y: key.subarray(33).toString('base64url'),
};
const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
const plain = { key: publicKey, dsaEncoding: 'ieee-p1363' };
console.log(verify('sha256', message, plain, Buffer.from(signature, 'base64')));
