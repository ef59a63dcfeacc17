package sqlstore

import (
	"os"
	"syscall"
)

const errLocked = syscall.Errno(32) // ERROR_SHARING_VIOLATION

// lockFile holds path for this process alone until the file is closed or the process ends: it shares it with nobody.
func lockFile(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), path), nil
}
