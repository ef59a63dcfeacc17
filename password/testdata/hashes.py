# Prints the hashes that Werkzeug, bcrypt and Django make of a password on stdin, one a line: a name, a tab, a hash.
# The argument says which: quick, of little cost, or usual, those of the defaults.
# Django and the newer Werkzeug are not asked for: their forms are put together here from the same hashlib.
import base64
import hashlib
import sys

import bcrypt
from werkzeug.security import check_password_hash, generate_password_hash

password = sys.stdin.buffer.read()
text = password.decode()


def put(name, stored):
    print(name, stored, sep="\t")


def quick():
    for digest in ("sha1", "sha256", "sha512"):
        put("Werkzeug " + digest, generate_password_hash(text, f"pbkdf2:{digest}:1000"))

    key = hashlib.scrypt(password, salt=b"c2VhX3Nhb-Q_", n=1024, r=8, p=2)
    put("Werkzeug scrypt", f"scrypt:1024:8:2$c2VhX3Nhb-Q_${key.hex()}")
    put("Django scrypt", f"scrypt$1024$c2VhX3Nhb-Q_$8$2${base64.b64encode(key).decode()}")

    cut = password[:72]  # as bcrypt did itself until its version 5, which refuses longer ones
    for prefix in (b"2a", b"2b"):
        put("bcrypt " + prefix.decode(), bcrypt.hashpw(cut, bcrypt.gensalt(5, prefix)).decode())
    digest = hashlib.sha256(password).hexdigest().encode()
    put("Django bcrypt_sha256", "bcrypt_sha256$" + bcrypt.hashpw(digest, bcrypt.gensalt(5)).decode())

    for name in ("sha1", "sha256"):
        key = base64.b64encode(hashlib.pbkdf2_hmac(name, password, b"seasalt", 1000)).decode()
        put("Django pbkdf2_" + name, f"pbkdf2_{name}$1000$seasalt${key}")


def usual():
    stored = generate_password_hash(text)
    put("Werkzeug's default", stored)

    short = "$".join(["pbkdf2:sha256"] + stored.split("$")[1:])
    assert check_password_hash(short, text)
    put("Werkzeug without a number", short)

    key = hashlib.scrypt(password, salt=b"c2VhX3Nhb-Q_", n=32768, r=8, p=1, maxmem=132 * 32768 * 8)
    put("newer Werkzeug's default", f"scrypt:32768:8:1$c2VhX3Nhb-Q_${key.hex()}")


{"quick": quick, "usual": usual}[sys.argv[1]]()
