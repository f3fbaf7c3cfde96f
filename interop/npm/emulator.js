// The emulator that the Go test has started, as its environment describes it.

export const { INTUNE_CERT_EMULATOR: url, AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET: clientSecret } = process.env;
export const { CLIENT_CERTIFICATE: certificatePath, CLIENT_ASSERTION: assertion, CERTIFICATE_CONTENT: content } = process.env;
export const { CLIENT_CERTIFICATE_SHA256: thumbprintSha256 } = process.env;
export const scope = "https://graph.microsoft.com/.default";
export const collection = "/deviceAppManagement/enterpriseCodeSigningCertificates";
export const redirectUri = "http://localhost:49152/signed-in";

// approveDevice enters the code at the page that the device names, as its user would.
export async function approveDevice({ userCode, verificationUri }) {
  const response = await fetch(verificationUri, {
    method: "POST",
    body: new URLSearchParams({ user_code: userCode, action: "approve" }),
  });
  if (!response.ok) throw new Error(await response.text());
}

// signIn opens the page at which the user signs in, and returns the code that the browser brings back.
export async function signIn(address) {
  const response = await fetch(address, { redirect: "manual" });
  const location = new URL(response.headers.get("location"));
  return location.searchParams.get("code");
}

// check uses an access token, and throws if Graph rejects it.
export async function check(token) {
  const response = await fetch(`${url}/beta${collection}`, { headers: { Authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(await response.text());
}
