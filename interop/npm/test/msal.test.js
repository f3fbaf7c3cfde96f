import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication, ServerError } from "@azure/msal-node";
import * as emulator from "../emulator.js";

const scopes = [emulator.scope];

// auth makes MSAL trust the emulator as an authority without asking Microsoft.
function auth(tenant, credential) {
  return {
    auth: {
      clientId: emulator.clientId,
      authority: `${emulator.url}/${tenant}`,
      knownAuthorities: [new URL(emulator.url).host],
      ...credential,
    },
  };
}

async function privateKey() {
  const pem = await readFile(emulator.certificatePath, "utf8");
  return pem.match(/-----BEGIN PRIVATE KEY-----[^]*-----END PRIVATE KEY-----/)[0];
}

for (const [name, credential] of [
  ["a client secret", async () => ({ clientSecret: emulator.clientSecret })],
  ["an assertion", async () => ({ clientAssertion: emulator.assertion })],
  ["a certificate", async () => ({
    clientCertificate: { thumbprintSha256: emulator.thumbprintSha256, privateKey: await privateKey() },
  })],
]) {
  test(`msal-node signs in with ${name}`, async () => {
    const app = new ConfidentialClientApplication(auth(emulator.tenantId, await credential()));
    const result = await app.acquireTokenByClientCredential({ scopes });
    await emulator.check(result.accessToken);
  });
}

for (const tenant of [emulator.tenantId, "organizations", "common"]) {
  test(`msal-node signs a user in at a device of the tenant ${tenant}, and again silently`, async () => {
    const app = new PublicClientApplication(auth(tenant));
    const result = await app.acquireTokenByDeviceCode({ scopes, deviceCodeCallback: emulator.approveDevice });
    assert.equal(result.account.username, "admin@contoso.example");
    assert.equal(result.account.tenantId, emulator.tenantId);
    await emulator.check(result.accessToken);
    for (const forceRefresh of [false, true]) {
      const again = await app.acquireTokenSilent({ scopes, account: result.account, forceRefresh });
      assert.equal(again.fromCache, !forceRefresh);
      await emulator.check(again.accessToken);
    }
  });
}

for (const usesPKCE of [true, false]) {
  test(`msal-node signs a user in with an authorization code, PKCE ${usesPKCE}`, async () => {
    const app = usesPKCE
      ? new PublicClientApplication(auth(emulator.tenantId))
      : new ConfidentialClientApplication(auth(emulator.tenantId, { clientSecret: emulator.clientSecret }));
    const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
    const request = { scopes, redirectUri: emulator.redirectUri };
    const address = await app.getAuthCodeUrl(usesPKCE
      ? { ...request, codeChallenge: challenge, codeChallengeMethod: "S256", responseMode: "query" }
      : { ...request, responseMode: "query" });
    const code = await emulator.signIn(address);
    const result = await app.acquireTokenByCode(usesPKCE ? { ...request, code, codeVerifier: verifier } : { ...request, code });
    assert.equal(result.account.username, "admin@contoso.example");
    await emulator.check(result.accessToken);
  });
}

test("msal-node reads errors, and its correlation id comes back", async () => {
  const app = new ConfidentialClientApplication(auth(emulator.tenantId, { clientSecret: "wrong" }));
  const correlationId = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
  await assert.rejects(app.acquireTokenByClientCredential({ scopes, correlationId }), (error) => {
    assert.ok(error instanceof ServerError);
    assert.equal(error.errorCode, "invalid_client");
    assert.match(error.errorMessage, /AADSTS7000215/);
    assert.match(error.errorMessage, new RegExp(`Correlation ID: ${correlationId}`));
    return true;
  });
});
