import assert from "node:assert/strict";
import { test } from "node:test";
import axios from "axios";
import * as openid from "openid-client";
import oauth2 from "simple-oauth2";
import * as emulator from "../emulator.js";

test("simple-oauth2 signs an application in, with the secret by HTTP Basic", async () => {
  const client = new oauth2.ClientCredentials({
    client: { id: emulator.clientId, secret: emulator.clientSecret },
    auth: { tokenHost: emulator.url, tokenPath: `/${emulator.tenantId}/oauth2/v2.0/token` },
  });
  const { token } = await client.getToken({ scope: emulator.scope });
  assert.ok(token.expires_at > new Date());
  await emulator.check(token.access_token);
});

test("simple-oauth2 signs a user in, and refreshes the token", async () => {
  const client = new oauth2.AuthorizationCode({
    client: { id: emulator.clientId, secret: emulator.clientSecret },
    auth: {
      tokenHost: emulator.url,
      tokenPath: `/${emulator.tenantId}/oauth2/v2.0/token`,
      authorizePath: `/${emulator.tenantId}/oauth2/v2.0/authorize`,
    },
  });
  const request = { redirect_uri: emulator.redirectUri, scope: `${emulator.scope} offline_access` };
  const code = await emulator.signIn(client.authorizeURL({ ...request, state: "s" }));
  const token = await client.getToken({ ...request, code });
  await emulator.check((await token.refresh()).token.access_token);
});

for (const [name, authentication] of [["Basic", openid.ClientSecretBasic], ["the form", openid.ClientSecretPost]]) {
  test(`openid-client discovers, signs a user in with PKCE and a nonce, refreshes, and asks who it is, by ${name}`, async () => {
    const issuer = new URL(`${emulator.url}/${emulator.tenantId}/v2.0`);
    const config = await openid.discovery(issuer, emulator.clientId, undefined, authentication(emulator.clientSecret));
    const [pkceCodeVerifier, expectedNonce, expectedState] = [
      openid.randomPKCECodeVerifier(), openid.randomNonce(), openid.randomState(),
    ];
    const address = openid.buildAuthorizationUrl(config, {
      redirect_uri: emulator.redirectUri,
      scope: `openid profile offline_access ${emulator.scope}`,
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
      nonce: expectedNonce,
      state: expectedState,
    });
    const page = await fetch(address, { redirect: "manual" });
    const callback = new URL(page.headers.get("location"));
    const tokens = await openid.authorizationCodeGrant(config, callback, { pkceCodeVerifier, expectedNonce, expectedState });
    await emulator.check(tokens.access_token);
    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token);
    await emulator.check(refreshed.access_token);
    const person = await openid.fetchUserInfo(config, refreshed.access_token, tokens.claims().sub);
    assert.equal(person.email, "admin@contoso.example");
  });
}

test("openid-client signs an application in", async () => {
  const issuer = new URL(`${emulator.url}/${emulator.tenantId}/v2.0`);
  const config = await openid.discovery(issuer, emulator.clientId, undefined, openid.ClientSecretBasic(emulator.clientSecret));
  await emulator.check((await openid.clientCredentialsGrant(config, { scope: emulator.scope })).access_token);
});

test("axios controls the emulator", async () => {
  const control = axios.create({ baseURL: `${emulator.url}/_emulator/` });
  assert.deepEqual((await control.get("health")).data, { status: "ok" });
  await control.post("faults", { token: true, aadsts: 7000222 });
  const form = new URLSearchParams({
    grant_type: "client_credentials", client_id: emulator.clientId, client_secret: emulator.clientSecret, scope: emulator.scope,
  });
  const token = `${emulator.url}/${emulator.tenantId}/oauth2/v2.0/token`;
  await assert.rejects(axios.post(token, form), (error) => error.response.data.error_codes[0] === 7000222);
  assert.equal((await axios.post(token, form)).data.token_type, "Bearer");
});
