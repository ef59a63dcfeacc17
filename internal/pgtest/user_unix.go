//go:build unix

package pgtest

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// postgresUser is whom root runs PostgreSQL as; nil when we are not root.
func postgresUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

func giveAway(dir string) error {
	c, err := postgresUser()
	if err != nil || c == nil {
		return err
	}
	return os.Chown(dir, int(c.Uid), int(c.Gid))
}

func asPostgres() *syscall.SysProcAttr {
	c, err := postgresUser()
	if err != nil || c == nil { // giveAway has reported the error
		return nil
	}
	return &syscall.SysProcAttr{Credential: c}
}
