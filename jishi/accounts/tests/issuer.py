"""A twin of a unified sign-in: discovery, keys and tokens by real HTTP on this machine, signed by a throwaway key.

It insists on what a real one insists on: the code once, the client's secret, PKCE, the same address to come back to.
What it says can be bent, one thing at a time.
"""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

CLIENT, SECRET = "jishi-of-this-town", "a throwaway secret: of/this+twin"


class Issuer:
    """What it says, and what it was asked."""

    def __init__(self) -> None:
        self.key: Any = ec.generate_private_key(ec.SECP256R1())
        self.signs_with: Any = self.key
        self.url = ""
        self.claims: dict[str, Any] = {}  # what is said otherwise than it should be
        self.header: dict[str, Any] = {"kid": "one"}
        self.says: dict[str, Any] = {}  # of itself, otherwise
        self.algorithm, self.broken = "ES256", False
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []

    def press(self, location: str, *, subject: str = "zhang", **claims: Any) -> dict[str, str]:
        """Somebody signs in there: give what the browser comes back with."""
        asked = dict(parse_qsl(urlsplit(location).query))
        assert (asked["response_type"], asked["scope"], asked["code_challenge_method"]) == ("code", "openid", "S256")
        code = f"code-{len(self.codes)}"
        self.codes[code] = {**asked, "subject": subject, "claims": json.dumps(claims)}
        return {"code": code, "state": asked["state"]}

    def answer(self, path: str, body: bytes, authorization: str) -> tuple[int, Any]:
        self.asked.append(path)
        if self.broken:
            return 503, {}
        if path == "/.well-known/openid-configuration":
            named = {
                "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token", "jwks_uri": f"{self.url}/keys",
            }  # fmt: skip
            return 200, {**named, **self.says}
        if path == "/keys":
            curve = isinstance(self.key, ec.EllipticCurvePrivateKey)
            kind: Any = jwt.algorithms.ECAlgorithm if curve else jwt.algorithms.RSAAlgorithm
            public = json.loads(kind.to_jwk(self.key.public_key()))
            return 200, {"keys": [{**public, "kid": "one", "alg": "ES256" if curve else "RS256", "use": "sig"}]}
        return self._token({k: v[0] for k, v in parse_qs(body.decode()).items()}, authorization)

    def _token(self, said: dict[str, str], authorization: str) -> tuple[int, Any]:
        known = self.codes.pop(said.get("code", ""), None)
        challenge = hashlib.sha256(said.get("code_verifier", "").encode()).digest()
        fits = known is not None and known["code_challenge"] == base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        name, _, word = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        secret = (name, word) == (CLIENT, "a%20throwaway%20secret%3A%20of%2Fthis%2Btwin")
        if known is None or not (fits and secret and known["redirect_uri"] == said.get("redirect_uri")):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": CLIENT, "sub": known["subject"], "iat": now, "exp": now + 300, "auth_time": now,
            "nonce": known["nonce"], **json.loads(known["claims"]), **self.claims,
        }  # fmt: skip
        kept = {k: v for k, v in claims.items() if v is not None}
        token = jwt.encode(kept, self.signs_with, algorithm=self.algorithm, headers=self.header)
        return 200, {"access_token": "nothing is asked with it", "token_type": "Bearer", "id_token": token}


@contextmanager
def running() -> Iterator[Issuer]:
    """Stand on a free port of this machine for a while."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, said = issuer.answer(self.path, body, self.headers.get("Authorization", ""))
            told = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *said: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
