//go:build unix

package evidence

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// windowLength is how much of a file is mapped at a time.
const windowLength = 8 << 20

// mapped are the pieces of a file where the system keeps them. Nothing is
// copied, which is what a checksum beside the digest takes.
type mapped struct {
	f        *os.File
	at, left int64
	// window is mapped, and its bytes from skip on are the next piece.
	window []byte
	skip   int
	handed bool
}

// mapFile maps what lies at an offset of a file. Not every file can be mapped.
func mapFile(f *os.File, at, size int64) (pieces, bool) {
	m := &mapped{f: f, at: at, left: size}
	return m, m.turn() == nil
}

// turn maps the next window.
func (m *mapped) turn() error {
	m.end()
	m.skip = int(m.at % int64(os.Getpagesize()))
	n := min(m.left, windowLength-int64(m.skip))
	window, err := syscall.Mmap(int(m.f.Fd()), m.at-int64(m.skip), m.skip+int(n), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map %d bytes at %d: %w", n, m.at, err)
	}
	m.window, m.at, m.left, m.handed = window, m.at+n, m.left-n, false
	return nil
}

func (m *mapped) next() ([]byte, error) {
	if m.handed {
		if m.left == 0 {
			return nil, io.EOF
		}
		if err := m.turn(); err != nil {
			return nil, err
		}
	}
	m.handed = true
	return m.window[m.skip:], nil
}

func (m *mapped) end() {
	if m.window != nil {
		_ = syscall.Munmap(m.window)
		m.window = nil
	}
}
