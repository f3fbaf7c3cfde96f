import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientSecretCredential } from "@azure/identity";
import { BatchRequestContent, BatchResponseContent, Client, GraphError, PageIterator } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";
import * as emulator from "../emulator.js";

const { collection } = emulator;
const credential = new ClientSecretCredential(emulator.tenantId, emulator.clientId, emulator.clientSecret, {
  authorityHost: emulator.url, disableInstanceDiscovery: true,
});
const client = Client.initWithMiddleware({
  baseUrl: emulator.url,
  defaultVersion: "beta",
  customHosts: new Set([new URL(emulator.url).hostname]), // or the client would not send its token
  authProvider: new TokenCredentialAuthenticationProvider(credential, { scopes: [emulator.scope] }),
});

function certificate(subject) {
  return { "@odata.type": "#microsoft.graph.enterpriseCodeSigningCertificate", content: emulator.content, subject };
}

test("microsoft-graph-client manages certificates", async () => {
  const created = await client.api(collection).post({ ...certificate("CN=CRUD"), expirationDateTime: new Date(Date.UTC(2027, 1, 2)) });
  assert.equal(created.status, "notProvisioned");
  assert.equal(created.expirationDateTime, "2027-02-02T00:00:00Z");
  const item = client.api(`${collection}/${created.id}`);
  const read = await item.get();
  assert.equal(read.status, "provisioned");
  const updated = await item.patch({ ...read, subject: "CN=CRUD again" }); // with id, status and annotations
  assert.equal(updated.subject, "CN=CRUD again");
  const found = await client.api(collection).filter("endswith(subject,'again')").select(["id", "subject"]).count(true).get();
  assert.deepEqual([found["@odata.count"], found.value], [1, [{ id: created.id, subject: "CN=CRUD again" }]]);
  await item.delete();
});

test("microsoft-graph-client reads errors", async () => {
  await assert.rejects(client.api(`${collection}/missing`).get(), (error) => {
    assert.ok(error instanceof GraphError);
    assert.deepEqual([error.statusCode, error.code], [404, "ResourceNotFound"]);
    assert.match(JSON.parse(error.message).Message, /Resource 'missing' does not exist/);
    assert.match(error.requestId, /^[-0-9a-f]{36}$/);
    return true;
  });
  await assert.rejects(client.api(collection).post({ thumbprint: "AB" }), (error) => {
    assert.deepEqual([error.statusCode, error.code], [400, "ModelValidationFailure"]);
    return true;
  });
});

test("microsoft-graph-client iterates over pages", async () => {
  const want = new Set();
  for (let i = 0; i < 5; i++) want.add((await client.api(collection).post(certificate(`CN=Page ${i}`))).id);
  const first = await client.api(collection).top(2).get();
  assert.equal(first.value.length, 2);
  await new PageIterator(client, first, (cert) => { want.delete(cert.id); return true; }).iterate();
  assert.equal(want.size, 0);
});

test("microsoft-graph-client sends batches", async () => {
  const steps = [ // whose addresses are without the version: the client removes only scheme and host
    { id: "create", request: new Request(`${emulator.url}${collection}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(certificate("CN=Batch")),
    }) },
    { id: "list", request: new Request(`${emulator.url}${collection}?$filter=subject eq 'CN=Batch'`), dependsOn: ["create"] },
  ];
  const content = await new BatchRequestContent(steps).getContent();
  const responses = new BatchResponseContent(await client.api("/$batch").post(content));
  const created = responses.getResponseById("create");
  assert.equal(created.status, 201);
  assert.equal((await created.json()).subject, "CN=Batch");
  const listed = await responses.getResponseById("list").json();
  assert.equal(listed.value.length, 1);
});
