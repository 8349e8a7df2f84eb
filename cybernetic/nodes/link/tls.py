"""Encryption between hosts: TLS 1.3 with a certificate that needs no authority, for the handshake vouches for it."""

import os
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cybernetic.core import OptionError
from cybernetic.nodes.errors import LinkRefused

_SUBJECT = "/CN=cybernetic"
_DAYS = "3650"


@dataclass(frozen=True, slots=True)
class Tls:
    """How a stream between hosts is encrypted. To listen it takes a certificate and its key; to call, neither.

    Attributes:
        cert: a PEM file with the certificate.
        key: a PEM file with its private key.
    """

    cert: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.cert is None) != (self.key is None):
            raise OptionError("cert, key", "both or neither", (self.cert, self.key))

    @classmethod
    def ephemeral(cls, directory: str | Path) -> "Tls":
        """A new self-signed certificate, made by the command `openssl` in `directory` (which should be private).

        Raises `LinkRefused` if there is no such command, or it does not succeed.
        """
        cert, key = Path(directory, "link.crt"), Path(directory, "link.key")
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ]
        command += ["-subj", _SUBJECT, "-days", _DAYS, "-keyout", str(key), "-out", str(cert)]
        try:
            os.close(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600))
            done = subprocess.run(command, capture_output=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LinkRefused(
                f"expected the command `openssl` to make a certificate (or files given in Tls(cert, key)), got: {error}"
            ) from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["nothing"]
            raise LinkRefused(f"expected `openssl` to make a certificate in {directory}, it said: {said[0]}")
        return cls(cert, key)

    def calling(self) -> ssl.SSLContext:
        """The context of the end that calls. It accepts any certificate: the handshake proves who holds it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def listening(self) -> tuple[ssl.SSLContext, bytes]:
        """The context of the end that listens, and its certificate in DER form. Raises `LinkRefused` without files."""
        if self.cert is None or self.key is None:
            raise LinkRefused("expected a certificate and a key to listen with, got none: see Tls.ephemeral")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        try:
            context.load_cert_chain(self.cert, self.key)
            text = self.cert.read_text()
            end = text.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)
            return context, ssl.PEM_cert_to_DER_cert(text[text.index(ssl.PEM_HEADER) : end])
        except (OSError, ValueError) as error:
            raise LinkRefused(
                f"expected a certificate in {self.cert} and its key in {self.key}, got: {error}"
            ) from None
