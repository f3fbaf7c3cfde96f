"""OAuth libraries for Python against the emulator that TestPythonClients in the folder above has started."""

import os
import unittest
from urllib.parse import urlsplit

import requests

try:
    from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
except ImportError:
    AuthlibSession = None
try:
    from oauthlib.oauth2 import BackendApplicationClient
    from requests_oauthlib import OAuth2Session
except ImportError:
    OAuth2Session = None

URL = os.environ["INTUNE_CERT_EMULATOR"]
CLIENT_ID = os.environ["AZURE_CLIENT_ID"]
SECRET = os.environ["AZURE_CLIENT_SECRET"]
ISSUER = f"{URL}/{os.environ['AZURE_TENANT_ID']}"
SCOPE = "https://graph.microsoft.com/.default"
COLLECTION = URL + "/beta/deviceAppManagement/enterpriseCodeSigningCertificates"
REDIRECT_URI = "http://localhost:49152/signed-in"


def discover():
    return requests.get(ISSUER + "/v2.0/.well-known/openid-configuration").json()


def sign_in(address):
    """Opens the page at which the user signs in, and returns the address to which the browser is sent back."""
    location = requests.get(address, allow_redirects=False).headers["Location"]
    return urlsplit(location)._replace(scheme="https").geturl()  # which oauthlib wants


@unittest.skipIf(OAuth2Session is None, "Debian has it in python3-requests-oauthlib")
class RequestsOAuthlib(unittest.TestCase):
    def test_application(self):
        session = OAuth2Session(client=BackendApplicationClient(CLIENT_ID, scope=SCOPE))
        session.fetch_token(discover()["token_endpoint"], client_secret=SECRET, include_client_id=True)
        self.assertEqual(session.get(COLLECTION).status_code, 200)

    def test_application_by_basic(self):
        session = OAuth2Session(client=BackendApplicationClient(CLIENT_ID, scope=SCOPE))
        session.fetch_token(discover()["token_endpoint"], auth=requests.auth.HTTPBasicAuth(CLIENT_ID, SECRET))
        self.assertEqual(session.get(COLLECTION).status_code, 200)

    def test_user(self):
        endpoints = discover()
        session = OAuth2Session(CLIENT_ID, redirect_uri=REDIRECT_URI, scope=["openid", "offline_access", SCOPE])
        address, state = session.authorization_url(endpoints["authorization_endpoint"])
        os.environ["OAUTHLIB_RELAX_TOKEN_SCOPE"] = "1"  # the granted permissions are named one by one
        session.fetch_token(endpoints["token_endpoint"], authorization_response=sign_in(address), client_secret=SECRET)
        session.refresh_token(endpoints["token_endpoint"], client_id=CLIENT_ID, client_secret=SECRET)
        self.assertEqual(session.get(endpoints["userinfo_endpoint"]).json()["email"], "admin@contoso.example")


@unittest.skipIf(AuthlibSession is None, "Debian has it in python3-authlib")
class Authlib(unittest.TestCase):
    def test_application(self):
        for method in ("client_secret_basic", "client_secret_post"):
            with self.subTest(method):
                session = AuthlibSession(CLIENT_ID, SECRET, scope=SCOPE, token_endpoint_auth_method=method)
                session.fetch_token(discover()["token_endpoint"], grant_type="client_credentials")
                self.assertEqual(session.get(COLLECTION).status_code, 200)

    def test_user(self):
        endpoints = discover()
        session = AuthlibSession(CLIENT_ID, SECRET, scope=f"openid offline_access {SCOPE}", redirect_uri=REDIRECT_URI,
                                 code_challenge_method="S256")
        verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        address, state = session.create_authorization_url(endpoints["authorization_endpoint"], code_verifier=verifier)
        session.fetch_token(endpoints["token_endpoint"], authorization_response=sign_in(address), state=state, code_verifier=verifier)
        session.refresh_token(endpoints["token_endpoint"])
        self.assertEqual(session.get(endpoints["userinfo_endpoint"]).json()["email"], "admin@contoso.example")


if __name__ == "__main__":
    unittest.main()
