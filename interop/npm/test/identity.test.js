import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AuthorizationCodeCredential, ClientAssertionCredential, ClientCertificateCredential, ClientSecretCredential,
  DeviceCodeCredential,
} from "@azure/identity";
import * as emulator from "../emulator.js";

const { tenantId, clientId, clientSecret } = emulator;
const options = { authorityHost: emulator.url, disableInstanceDiscovery: true };

async function signsIn(credential) {
  const token = await credential.getToken(emulator.scope);
  assert.ok(token.expiresOnTimestamp > Date.now());
  await emulator.check(token.token);
}

test("@azure/identity signs in with a client secret", () =>
  signsIn(new ClientSecretCredential(tenantId, clientId, clientSecret, options)));

test("@azure/identity signs in at the tenant's domain", () =>
  signsIn(new ClientSecretCredential("contoso.onmicrosoft.com", clientId, clientSecret, options)));

test("@azure/identity signs in with a certificate", () =>
  signsIn(new ClientCertificateCredential(tenantId, clientId, { certificatePath: emulator.certificatePath }, options)));

test("@azure/identity signs in with an assertion", () =>
  signsIn(new ClientAssertionCredential(tenantId, clientId, async () => emulator.assertion, options)));

for (const tenant of [tenantId, undefined]) {
  test(`@azure/identity signs in at a device, tenant ${tenant ?? "by default"}`, () =>
    signsIn(new DeviceCodeCredential({ ...options, tenantId: tenant, clientId, userPromptCallback: emulator.approveDevice })));
}

for (const secret of [undefined, clientSecret]) {
  test(`@azure/identity redeems an authorization code ${secret ? "with a secret" : "without one"}`, async () => {
    const address = new URL(`${emulator.url}/${tenantId}/oauth2/v2.0/authorize`);
    address.search = new URLSearchParams({
      client_id: clientId, response_type: "code", redirect_uri: emulator.redirectUri, scope: emulator.scope,
    });
    const code = await emulator.signIn(address);
    await signsIn(secret
      ? new AuthorizationCodeCredential(tenantId, clientId, secret, code, emulator.redirectUri, options)
      : new AuthorizationCodeCredential(tenantId, clientId, code, emulator.redirectUri, options));
  });
}

test("@azure/identity reads errors", async () => {
  const credential = new ClientSecretCredential(tenantId, clientId, "wrong", options);
  await assert.rejects(credential.getToken(emulator.scope), (error) => {
    assert.match(error.message, /^invalid_client: .*AADSTS7000215/);
    return true;
  });
});
