package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jotgate/jotgate/bench/internal/lean"
)

// process is a server under measurement. It ends with stop.
type process struct {
	cmd   *exec.Cmd
	addr  string
	ready time.Duration // from the start to the first 200 of /readyz
}

// serve starts Jotgate on a data folder below the bench's, on all cores or on one.
func (b *bench) serve(data string, one bool) (*process, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(b.binary, "serve", "--data", filepath.Join(b.dir, data), "--listen", addr,
		"--limits", "off", "--log-level", "warn", "--password-min", "8")
	return launch(cmd, addr, one, lean.Request("GET", "/readyz", "", ""))
}

// launch starts cmd, on one core by taskset(1), and waits for the first good answer to probe.
func launch(cmd *exec.Cmd, addr string, one bool, probe []byte) (*process, error) {
	if one {
		last := strconv.Itoa(runtime.NumCPU() - 1)
		cmd = exec.Command("taskset", append([]string{"-c", last, cmd.Path}, cmd.Args[1:]...)...)
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, addr: addr}
	if err := p.await(start.Add(10*time.Second), probe); err != nil {
		p.kill()
		return nil, err
	}
	p.ready = time.Since(start)
	return p, nil
}

// await asks once the port is open; until then it looks often.
func (p *process) await(deadline time.Time, probe []byte) error {
	for {
		c, err := lean.Dial(p.addr)
		if err == nil {
			_, err = c.Want(200, probe)
			return errors.Join(err, c.Close())
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not answer: %w", p.cmd.Path, err)
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// stop ends the process as a person at a terminal would.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return p.cmd.Wait()
}

// kill ends a process that catches no signal: where the bench runs in the background, it is deaf to the interrupt.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // ended already
	_ = p.cmd.Wait()         // "signal: killed"
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (p *process) file(name string) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, name))
	return string(text), err
}

// tick is the unit of the times in /proc: USER_HZ, 100 on every Linux.
const tick = 10 * time.Millisecond

// cpu returns the processor time that the process has used, in the kernel too (proc(5), stat: utime and stime).
func (p *process) cpu() (time.Duration, error) {
	stat, err := p.file("stat")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(stat, ") ") // the name of the program is ours: no bracket in it
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/…/stat: %q", stat)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, errors.Join(err, err2)
}

// resident returns the memory of the process in bytes, the pages of its binary included (proc(5), status: VmRSS).
func (p *process) resident() (int64, error) {
	status, err := p.file("status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(status, "VmRSS:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0, errors.New("/proc/…/status has no VmRSS")
	}
	kib, err := strconv.ParseInt(fields[0], 10, 64)
	return kib << 10, err
}

// fileSystem warns of the one that flushes nothing.
func fileSystem(dir string) string {
	const tmpfs = 0x01021994 // statfs(2)
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err == nil && s.Type == tmpfs {
		return "tmpfs, where a commit costs nothing: choose a disk with -dir"
	}
	return "disk"
}
