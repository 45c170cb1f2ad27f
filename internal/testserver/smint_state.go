package testserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// smintState is what a saved fake consists of.
type smintState struct {
	SavedAt  time.Time      `json:"saved_at"`
	Identity smintIdentity  `json:"identity"`
	Feed     smintFeed      `json:"feed"`
	Portal   smintPortal    `json:"portal"`
	Options  smintSavedKeys `json:"options"`
}

// smintSavedKeys are the settings without which saved tokens, continuations
// and addresses would mean nothing.
type smintSavedKeys struct {
	Tenant string `json:"tenant"`
	Secret string `json:"secret"`
}

const (
	smintStateFile = "smint.json"
	smintContents  = "smint-contents"
)

// Save writes the fake's state and contents to a folder, from which
// [LoadSmint] reads them. The state file is replaced in one step. What was
// received (exchanges, downloads) is not part of the state.
func (s *Smint) Save(dir string) error {
	into, err := NewBlobs(filepath.Join(dir, smintContents))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.eachContent(func(c *SmintContent) (err error) {
		*c, err = c.saved(into)
		if c.blob != nil && c.blobs == nil {
			c.blobs = into
		}
		return err
	}); err != nil {
		return fmt.Errorf("testserver: save: %w", err)
	}
	for uuid, upload := range s.portal.Uploads {
		if s.blobs == nil || s.blobs.Dir() == into.Dir() || upload.Blob.File == "" {
			continue
		}
		if err := smintCopyFile(filepath.Join(s.blobs.Dir(), upload.Blob.File), filepath.Join(into.Dir(), upload.Blob.File)); err != nil {
			return fmt.Errorf("testserver: save upload %s: %w", uuid, err)
		}
	}
	state := smintState{
		SavedAt: s.now(), Identity: s.identity, Feed: s.feed, Portal: s.portal,
		Options: smintSavedKeys{Tenant: s.options.Tenant, Secret: s.options.Secret},
	}
	raw, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("testserver: save: %w", err)
	}
	path := filepath.Join(dir, smintStateFile)
	if err := os.WriteFile(path+".new", raw, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// LoadSmint makes a fake that goes on where the saved one ended. The error is
// fs.ErrNotExist if the folder holds none. Settings other than tenant and
// secret are those of options, and the refresh token of options is good again,
// as if somebody had logged in anew.
func LoadSmint(dir string, options SmintOptions) (*Smint, error) {
	raw, err := os.ReadFile(filepath.Join(dir, smintStateFile))
	if err != nil {
		return nil, err
	}
	var state smintState
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&state); err != nil {
		return nil, fmt.Errorf("testserver: %s: %w", filepath.Join(dir, smintStateFile), err)
	}
	if state.Feed.Purchases == nil || state.Identity.Grants == nil || state.Portal.Index == nil {
		return nil, fmt.Errorf("testserver: %s: %w", filepath.Join(dir, smintStateFile), errors.New("is not a saved fake"))
	}
	options.Tenant, options.Secret = state.Options.Tenant, state.Options.Secret
	options.Dir = filepath.Join(dir, smintContents)
	s := NewSmint(options)
	blobs, err := NewBlobs(options.Dir)
	if err != nil {
		return nil, err
	}
	state.Identity.Grants[s.options.RefreshToken] = s.identity.Grants[s.options.RefreshToken]
	delete(state.Identity.Refused, "first")
	s.blobs, s.identity, s.feed, s.portal = blobs, state.Identity, state.Feed, state.Portal
	return s, s.eachContent(func(c *SmintContent) error {
		c.blobs = blobs
		return nil
	})
}

// eachContent calls do with every content of the state.
func (s *Smint) eachContent(do func(*SmintContent) error) error {
	var errs []error
	each := func(binaries []SmintBinary) {
		for i := range binaries {
			errs = append(errs, do(&binaries[i].Content))
			for j := range binaries[i].Past {
				errs = append(errs, do(&binaries[i].Past[j].Content))
			}
		}
	}
	for _, purchase := range s.feed.Purchases {
		each(purchase.Binaries)
	}
	for _, change := range s.feed.Later {
		each(change.Binaries)
	}
	for _, entry := range s.portal.Index {
		errs = append(errs, do(&entry.Content))
	}
	return errors.Join(errs...)
}
