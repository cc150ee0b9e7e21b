# SPDX-License-Identifier: Apache-2.0
"""Authorities and certificates for one test, by openssl(1)."""
import os
import ssl
import subprocess


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


def authority(folder, name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", name + "-key.pem", "-out", name + ".pem", "-subj", "/CN=" + name, "-days", "2",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign", cwd=folder)


def certificate(folder, name, extension):
    with open(os.path.join(folder, name + ".ext"), "w", encoding="ascii") as file:
        # RFC 5280 wants it, and an authority's keyUsage; Python looks for both since 3.13.
        file.write(f"{extension}\nauthorityKeyIdentifier=keyid\n")
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", name + "-key.pem", "-out", name + ".csr", "-subj", "/CN=" + name, cwd=folder)
    openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem",
            "-CAcreateserial", "-out", name + ".pem", "-days", "2", "-extfile", name + ".ext", cwd=folder)


def make(folder):
    """name: path of ca, other-ca, server (for 127.0.0.1), client, their keys, and client-both."""
    os.makedirs(folder, exist_ok=True)
    authority(folder, "ca")
    authority(folder, "other-ca")
    certificate(folder, "server", "subjectAltName=IP:127.0.0.1")
    certificate(folder, "client", "extendedKeyUsage=clientAuth")
    with open(os.path.join(folder, "client-both.pem"), "wb") as both:
        for part in "client.pem", "client-key.pem":
            with open(os.path.join(folder, part), "rb") as file:
                both.write(file.read())
    names = "ca", "other-ca", "server", "server-key", "client", "client-key", "client-both"
    return {name: os.path.join(folder, name + ".pem") for name in names}


def context(files, client_ca=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(files["server"], files["server-key"])
    if client_ca:
        c.verify_mode = ssl.CERT_REQUIRED
        c.load_verify_locations(client_ca)
    return c
