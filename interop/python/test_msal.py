"""MSAL for Python against the emulator that TestPythonClients in the folder above has started."""

import os
import re
import unittest
from urllib.parse import parse_qs, urlsplit

import msal
import requests

URL = os.environ["INTUNE_CERT_EMULATOR"]
TENANT = os.environ["AZURE_TENANT_ID"]
CLIENT_ID = os.environ["AZURE_CLIENT_ID"]
SECRET = os.environ["AZURE_CLIENT_SECRET"]
SCOPES = ["https://graph.microsoft.com/.default"]
COLLECTION = URL + "/beta/deviceAppManagement/enterpriseCodeSigningCertificates"


def options(tenant=TENANT):
    # Without instance_discovery=False (or, before MSAL 1.19, validate_authority=False) MSAL asks Microsoft first.
    return {"authority": f"{URL}/{tenant}", "instance_discovery": False}


class MSAL(unittest.TestCase):
    def check(self, result):
        """Uses the access token."""
        self.assertIn("access_token", result, result)
        response = requests.get(COLLECTION, headers={"Authorization": "Bearer " + result["access_token"]})
        self.assertEqual(response.status_code, 200, response.text)
        return result

    def test_secret(self):
        app = msal.ConfidentialClientApplication(CLIENT_ID, client_credential=SECRET, **options())
        self.check(app.acquire_token_for_client(SCOPES))

    def test_assertion(self):
        credential = {"client_assertion": os.environ["CLIENT_ASSERTION"]}
        app = msal.ConfidentialClientApplication(CLIENT_ID, client_credential=credential, **options())
        self.check(app.acquire_token_for_client(SCOPES))

    def test_certificate(self):
        with open(os.environ["CLIENT_CERTIFICATE"], encoding="ascii") as file:
            pem = file.read()
        credential = {"private_key": pem, "thumbprint": os.environ["CLIENT_CERTIFICATE_SHA1"]}
        app = msal.ConfidentialClientApplication(CLIENT_ID, client_credential=credential, **options())
        self.check(app.acquire_token_for_client(SCOPES))

    def test_device_code(self):
        for tenant in (TENANT, "organizations", "common"):
            with self.subTest(tenant):
                app = msal.PublicClientApplication(CLIENT_ID, **options(tenant))
                flow = app.initiate_device_flow(SCOPES)
                approved = requests.post(flow["verification_uri"], {"user_code": flow["user_code"], "action": "approve"})
                self.assertEqual(approved.status_code, 200, approved.text)
                self.check(app.acquire_token_by_device_flow(flow))
                account = app.get_accounts("admin@contoso.example")[0]
                self.check(app.acquire_token_silent(SCOPES, account, force_refresh=True))

    def test_authorization_code(self):
        for app in (msal.PublicClientApplication(CLIENT_ID, **options()),
                    msal.ConfidentialClientApplication(CLIENT_ID, client_credential=SECRET, **options())):
            flow = app.initiate_auth_code_flow(SCOPES, redirect_uri="http://localhost:49152")
            page = requests.get(flow["auth_uri"], allow_redirects=False)
            query = parse_qs(urlsplit(page.headers["Location"]).query)
            result = self.check(app.acquire_token_by_auth_code_flow(flow, {name: values[0] for name, values in query.items()}))
            self.assertEqual(result["id_token_claims"]["preferred_username"], "admin@contoso.example")

    def test_error(self):
        app = msal.ConfidentialClientApplication(CLIENT_ID, client_credential="wrong", **options())
        result = app.acquire_token_for_client(SCOPES)
        self.assertEqual((result["error"], result["error_codes"]), ("invalid_client", [7000215]))
        self.assertTrue(re.fullmatch("[-0-9a-f]{36}", result["correlation_id"]))


if __name__ == "__main__":
    unittest.main()
