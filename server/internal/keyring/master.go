package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/jotgate/jotgate/jwt"
)

// Master is the secret that everything else at rest hangs on. It never enters the database.
type Master struct{ secret []byte }

const masterSize = 32

// LoadMaster reads the master key at path, and makes it when mayMake is true and there is none. The file is readable by
// its owner alone, or it is refused: a key that others could read is not secret any more.
func LoadMaster(path string, mayMake bool) (Master, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && mayMake {
		return makeMaster(path)
	}
	if err != nil {
		return Master{}, fmt.Errorf("master key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return Master{}, fmt.Errorf("master key %s: mode %04o lets others read it; want 0600: chmod 600 %s", path, mode, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Master{}, fmt.Errorf("master key: %w", err)
	}
	secret, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) != masterSize {
		return Master{}, fmt.Errorf("master key %s: want %d bytes in base64url; restore the file from your backup", path, masterSize)
	}
	if _, err := jwt.NewKey(jwt.HS256, "", secret); err != nil { // it judges what a guesser would try
		return Master{}, fmt.Errorf("master key %s: a guesser would find it; restore the file that the server made", path)
	}
	return Master{secret}, nil
}

// makeMaster writes the file under a name of its own first, so that a crash leaves a whole key or none.
func makeMaster(path string) (Master, error) {
	secret := make([]byte, masterSize)
	_, _ = rand.Read(secret) // never fails: crypto/rand
	tmp, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return Master{}, fmt.Errorf("making the master key: %w", err)
	}
	_, err = tmp.WriteString(base64.RawURLEncoding.EncodeToString(secret) + "\n")
	err = errors.Join(err, tmp.Chmod(0o600), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return Master{}, fmt.Errorf("making the master key: %w", err)
	}
	return Master{secret}, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Derive returns a 32-byte key for one purpose (RFC 5869). It cannot be turned back into the master key.
func (m Master) Derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, m.secret, nil, "jotgate "+purpose, 32)
	if err != nil {
		panic("keyring: " + err.Error()) // 32 bytes are always to be had from SHA-256
	}
	return key
}

// seal encrypts with AES-256-GCM under a random 96-bit nonce, bound to its name: what is sealed for one key does not
// open as another.
func (m Master) seal(plain []byte, name string) []byte {
	aead := m.aead()
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	return aead.Seal(nonce, nonce, plain, []byte(name))
}

func (m Master) open(sealed []byte, name string) ([]byte, error) {
	aead := m.aead()
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("sealed key is cut short")
	}
	nonce, body := sealed[:aead.NonceSize()], sealed[aead.NonceSize():]
	return aead.Open(nil, nonce, body, []byte(name))
}

func (m Master) aead() cipher.AEAD {
	block, err := aes.NewCipher(m.Derive("signing keys at rest"))
	if err != nil {
		panic("keyring: " + err.Error()) // the key has 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("keyring: " + err.Error())
	}
	return aead
}
