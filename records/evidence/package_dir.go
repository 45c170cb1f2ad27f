package evidence

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
)

// WriteDir writes the package into a new folder: its parent must exist, it
// itself must not. The signature is written last, so a folder that an
// interruption leaves is never a valid package; after an error nothing is
// left. Files can be read by their owner alone and are on disk when WriteDir
// returns.
//
// The error matches ErrInvalid, listing all that is missing, ErrDigest if the
// content is not what was announced, fs.ErrExist, or is that of a signer, of
// the content or of the disk. Content has been read then; a repeat needs it
// again from its start.
func (p Package) WriteDir(ctx context.Context, dir string, o WriteOptions) (s Summary, err error) {
	signers, err := p.ready(o)
	if err != nil {
		return Summary{}, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return Summary{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	return p.write(ctx, &dirSink{root: root, dir: dir, made: map[string]bool{".": true}}, signers, o)
}

// dirSink writes files below a folder and never outside it.
type dirSink struct {
	root *os.Root
	dir  string
	made map[string]bool
}

func (d *dirSink) put(name string, _ int64, content io.Reader) error {
	if err := d.mkdir(path.Dir(name)); err != nil {
		return err
	}
	f, err := d.root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (d *dirSink) mkdir(name string) error {
	if d.made[name] {
		return nil
	}
	if err := d.mkdir(path.Dir(name)); err != nil {
		return err
	}
	d.made[name] = true
	return d.root.Mkdir(filepath.FromSlash(name), 0o700)
}

// finish makes the names durable as well.
func (d *dirSink) finish() error {
	var errs []error
	for name := range d.made {
		errs = append(errs, syncDir(filepath.Join(d.dir, filepath.FromSlash(name))))
	}
	return errors.Join(append(errs, syncDir(filepath.Dir(d.dir)))...)
}
