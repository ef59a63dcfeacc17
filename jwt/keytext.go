package jwt

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// isKeyText recognises keys in the forms in which they are passed around, bare or in base64 or hex, alone or as a word
// in a line. Used as a secret, a public key lets everyone sign (CVE-2015-9235, CVE-2017-11424). What looks random cannot
// be told from a secret: the 32 bytes of an Ed25519 key, a modulus alone.
func isKeyText(b []byte) bool {
	words := bytes.Fields(b)
	return slices.ContainsFunc(append(words, b, bytes.Join(words, nil)), func(part []byte) bool {
		return isKey(part) || isKey(fromHex(part)) || isKey(fromBase64(part))
	})
}

func isKey(b []byte) bool { return isArmour(b) || isJSON(b) || isDER(b) || isSSH(b) || isPoint(b) }

// isArmour recognises PEM, PGP and SSH2 (RFC 4716), whose dashes stand apart.
func isArmour(b []byte) bool {
	return bytes.Contains(b, []byte("-BEGIN ")) || bytes.Contains(b, []byte("- BEGIN "))
}

// isJSON recognises JWKs, sets of them and maps of certificates, and JWKs of which something is lost. Among random bytes
// there may be a word like {}, but none of 32 bytes.
func isJSON(b []byte) bool {
	text := bytes.TrimPrefix(b, []byte("\ufeff"))
	return bytes.Contains(text, []byte(`"kty"`)) || len(text) >= 32 && strings.IndexByte("{[", text[0]) >= 0 && json.Valid(text)
}

// isDER recognises how SPKI, PKCS #1, PKCS #8, SEC 1 and certificates begin, of whatever algorithm and whatever stands
// behind them: a sequence of well-formed elements, the first two of which are integers, strings of bits or bytes, or
// sequences. Of random bytes one text in about 10^10 is one.
func isDER(b []byte) bool {
	var outer, inner asn1.RawValue
	if _, err := asn1.Unmarshal(b, &outer); err != nil || outer.FullBytes[0] != 0x30 {
		return false
	}
	var tags []byte
	for rest, err := outer.Bytes, error(nil); len(rest) > 0; tags = append(tags, inner.FullBytes[0]) {
		if rest, err = asn1.Unmarshal(rest, &inner); err != nil {
			return false
		}
	}
	return len(tags) > 1 && strings.IndexByte("\x02\x30", tags[0]) >= 0 && strings.IndexByte("\x02\x03\x04\x30", tags[1]) >= 0
}

// isSSH recognises the keys of OpenSSH and lines that hold one in base64.
func isSSH(b []byte) bool {
	return isSSHBlob(b) || slices.ContainsFunc(bytes.Fields(b), func(word []byte) bool { return isSSHBlob(fromBase64(word)) })
}

// isSSHBlob recognises a text of at most 255 bytes that names a kind of key (RFC 4253 §6.6).
func isSSHBlob(b []byte) bool {
	return len(b) > 4 && string(b[:3]) == "\x00\x00\x00" && slices.ContainsFunc([]string{"ssh-", "ecdsa-sha2-", "sk-"},
		func(kind string) bool { return strings.HasPrefix(string(b[4:]), kind) })
}

// isPoint recognises the points of our curves (SEC 1 §2.3.3).
func isPoint(b []byte) bool {
	return slices.ContainsFunc(algorithms[:], func(a algorithm) bool {
		if a.curve == nil {
			return false
		}
		n := min(len(b), 1+2*((a.curve.Params().BitSize+7)/8))
		_, err := ecdsa.ParseUncompressedPublicKey(a.curve, b[:n])
		return err == nil
	})
}

func fromHex(b []byte) []byte {
	out := make([]byte, hex.DecodedLen(len(b)))
	n, _ := hex.Decode(out, b)
	return out[:n]
}

// fromBase64 decodes either alphabet, padded or not, in quotes or not.
func fromBase64(b []byte) []byte {
	text := strings.NewReplacer("-", "+", "_", "/").Replace(strings.Trim(string(b), `="',;`))
	out, _ := base64.RawStdEncoding.DecodeString(text)
	return out
}
