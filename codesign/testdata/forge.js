// Writes a PKCS #12 container as node-forge does: node forge.js key.pem certificate.pem password algorithm out.p12
const forge = require('node-forge');
const fs = require('fs');
const [key, certificate, password, algorithm, out] = process.argv.slice(2);
const asn1 = forge.pkcs12.toPkcs12Asn1(
  forge.pki.privateKeyFromPem(fs.readFileSync(key, 'utf8')),
  [forge.pki.certificateFromPem(fs.readFileSync(certificate, 'utf8'))],
  password, { algorithm, friendlyName: 'leaf' });
fs.writeFileSync(out, forge.asn1.toDer(asn1).getBytes(), 'binary');
