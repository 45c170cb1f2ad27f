package evidence

import (
	"fmt"
	"io"
	"runtime/debug"
)

// write writes a piece of a file. Where the file's own pages are read, one that
// was cut off meanwhile, or whose disk fails, shows as a fault of memory and no
// error of reading: it becomes one here.
func write(w io.Writer, piece []byte) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = fmt.Errorf("the file became shorter while it was read, or its disk failed: %w", io.ErrUnexpectedEOF)
		default:
			panic(fault)
		}
	}()
	_, err = w.Write(piece)
	return err
}
