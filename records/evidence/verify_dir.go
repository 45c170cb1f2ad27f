package evidence

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// dirSource reads a package from a folder and never outside it.
type dirSource struct{ root *os.Root }

func (d dirSource) each(in *inspection) error { return d.folder(in, ".") }

// folder takes in what a folder holds. What is wrong with one name is noted,
// and the others are read on.
func (d dirSource) folder(in *inspection, dir string) error {
	f, err := d.root.Open(filepath.FromSlash(dir))
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // a folder that was only read
	empty := true
	for {
		entries, err := f.ReadDir(64)
		for _, e := range entries {
			empty = false
			if err := d.entry(in, path.Join(dir, e.Name())); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if empty && dir != "." {
		in.problems = append(in.problems, fail(ErrUnexpected, "%s is an empty folder", dir))
	}
	return nil
}

// entry takes in one file or folder. It is looked at before and after it was
// opened, so that it cannot become a link in between.
func (d dirSource) entry(in *inspection, name string) error {
	if err := in.admit(name); err != nil {
		if errors.Is(err, ErrTooLarge) {
			return err
		}
		in.problems = append(in.problems, err)
		return nil
	}
	info, err := d.root.Lstat(filepath.FromSlash(name))
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return d.folder(in, name)
	case !info.Mode().IsRegular():
		in.problems = append(in.problems, fail(ErrPath, "%s is a %s, no plain file", name, kindOf(info.Mode())))
		return nil
	}
	f, err := d.root.Open(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // a file that was only read
	opened, err := f.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(info, opened) {
		return fail(ErrPath, "%s was exchanged while it was read", name)
	}
	return in.take(name, opened.Size(), in.copied(f, opened.Size()), nil)
}

func kindOf(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m.IsDir():
		return "folder"
	default:
		return "device"
	}
}
