package account

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/google/uuid"
)

// A refresh token is jgr_ + base64url(version ‖ sid ‖ counter ‖ MAC) + checksum. The MAC is HMAC-SHA256 over epoch, sid
// and counter under a key derived from the master key, so the store keeps no secret that could be replayed, and the
// successor of a token can be computed again for a client that lost the answer. The checksum lets scanners for leaked
// secrets tell a token from noise.
const (
	refreshPrefix  = "jgr_"
	refreshVersion = 1
	refreshBody    = 1 + 16 + 8 + sha256.Size
	refreshEpoch   = 1 // raised by a restore from backup, so that no older token works
	checksumSize   = 4
)

// refreshSize is the exact length of every refresh token.
var refreshSize = len(refreshPrefix) + base64.RawURLEncoding.EncodedLen(refreshBody+checksumSize)

var errRefreshForm = errors.New("not a refresh token of ours")

// refreshCodec makes and reads refresh tokens under one key.
type refreshCodec struct{ key []byte }

func (c refreshCodec) encode(sid string, counter int64) (string, error) {
	id, err := uuid.Parse(sid)
	if err != nil {
		return "", fmt.Errorf("session id: %w", err)
	}
	b := make([]byte, 0, refreshBody+checksumSize)
	b = append(b, refreshVersion)
	b = append(b, id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(counter))
	b = append(b, c.mac(id, counter)...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(b), nil
}

// decode returns what the token names, or an error that says nothing about why: whoever holds no real token learns
// nothing about the form of one.
func (c refreshCodec) decode(token string) (sid string, counter int64, err error) {
	rest, ok := strings.CutPrefix(token, refreshPrefix)
	if !ok || len(token) != refreshSize {
		return "", 0, errRefreshForm
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	if err != nil || len(b) != refreshBody+checksumSize || b[0] != refreshVersion {
		return "", 0, errRefreshForm
	}
	body, sum := b[:refreshBody], b[refreshBody:]
	if binary.BigEndian.Uint32(sum) != crc32.ChecksumIEEE(body) {
		return "", 0, errRefreshForm
	}
	id := uuid.UUID(body[1:17])
	n := int64(binary.BigEndian.Uint64(body[17:25]))
	if !hmac.Equal(body[25:], c.mac(id, n)) || n < 1 {
		return "", 0, errRefreshForm
	}
	return id.String(), n, nil
}

func (c refreshCodec) mac(id uuid.UUID, counter int64) []byte {
	m := hmac.New(sha256.New, c.key)
	var b [8 + 16 + 8]byte
	binary.BigEndian.PutUint64(b[:], refreshEpoch)
	copy(b[8:], id[:])
	binary.BigEndian.PutUint64(b[24:], uint64(counter))
	m.Write(b[:])
	return m.Sum(nil)
}
