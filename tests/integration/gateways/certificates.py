"""Certificates for tests, made by openssl: an authority, and what it vouches for."""

import subprocess
from pathlib import Path


class Authority:
    """An authority of its own in `folder`; `ca` is its certificate."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.ca, self._key = folder / f"{name}.pem", folder / f"{name}.key"
        extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
        added = [word for extension in extensions for word in ("-addext", extension)]
        _openssl(
            "req", "-x509", *_NEW, self._key, "-out", self.ca, "-subj", f"/CN={name}", "-days", "2", *added
        )

    def certify(self, name: str, file: str = "", days: int = 2) -> tuple[Path, Path]:
        """A certificate and its key, for localhost and 127.0.0.1; `days` below 0: expired."""
        certificate, key = self.folder / f"{file or name}.pem", self.folder / f"{file or name}.key"
        request, more = self.folder / "request", self.folder / "extensions"
        more.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
        _openssl("req", *_NEW, key, "-out", request, "-subj", f"/CN={name}")
        signed_by = ("-CA", self.ca, "-CAkey", self._key, "-CAcreateserial", "-extfile", more)
        _openssl("x509", "-req", "-in", request, "-out", certificate, "-days", str(days), *signed_by)
        return certificate, key


_NEW = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout")


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"openssl {arguments[0]}: {done.stderr}"
