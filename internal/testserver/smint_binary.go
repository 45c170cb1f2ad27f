package testserver

import "fmt"

// SmintBearer says what the host of a download thinks of an access token.
type SmintBearer string

// The hosts that occur: one that does not care, one that answers 401 without
// the token, and one that answers 400 to a signed address with a token on top.
const (
	SmintBearerIgnored SmintBearer = ""
	SmintBearerNeeded  SmintBearer = "needed"
	SmintBearerRefused SmintBearer = "refused"
)

// SmintVersion is one version of a file and how its host serves it.
type SmintVersion struct {
	// Version starts at 1. Zero in a seed means the next one.
	Version int `json:"version"`
	// FileName is the recommended file name. It may be hostile.
	FileName string `json:"file_name"`
	// MediaType is the Content-Type of the download.
	MediaType string `json:"media_type"`
	// Content is where the bytes come from.
	Content SmintContent `json:"content"`
	// OwnHost serves the file from the host of the licensing API, not from the
	// storage host.
	OwnHost bool `json:"own_host"`
	// Bearer is the host's view of an access token.
	Bearer SmintBearer `json:"bearer"`
	// NoRanges turns off range requests and validators.
	NoRanges bool `json:"no_ranges"`
	// BreakAfter, if positive, ends every answer after that many bytes of its
	// body, whatever length was announced.
	BreakAfter int64 `json:"break_after"`
	// AnnounceExtra is added to the true Content-Length: above zero the body
	// ends too early, below zero the rest of the file is never sent.
	AnnounceExtra int64 `json:"announce_extra"`
	// Chunked sends the body without a Content-Length.
	Chunked bool `json:"chunked"`
}

// SmintBinary is one file of a transaction.
type SmintBinary struct {
	SmintVersion
	// UUID is unique only within the transaction.
	UUID string `json:"uuid"`
	// Fields is laid over the object that the server answers, see [SmintMerge]:
	// a null version, a null download_url, a missing member.
	Fields SmintJSON `json:"fields"`
	// Past holds the earlier versions; their addresses go on to work until
	// they expire.
	Past []SmintVersion `json:"past"`
	// Seeded tells a file of a user's own folder from what becomes of it later.
	Seeded smintSeeded `json:"seeded"`
}

// smintSeeded are the digests of a file and of the license beside it, if there
// is one, as they were seeded.
type smintSeeded struct{ File, License string }

// keepBinaries moves contents that are too large for memory to files.
func (s *Smint) keepBinaries(transaction string, binaries []SmintBinary) ([]SmintBinary, error) {
	kept := make([]SmintBinary, 0, len(binaries))
	for i, one := range binaries {
		if one.UUID == "" {
			one.UUID = fmt.Sprint(i + 1)
		}
		content, err := s.keep(one.Content)
		if err != nil {
			return nil, fmt.Errorf("testserver: binary %s of %s: %w", one.UUID, transaction, err)
		}
		one.Content = content
		kept = append(kept, one)
	}
	return kept, nil
}

// wire is the object of the binaries call for one file.
func (b SmintBinary) wire(address string) SmintJSON {
	return SmintMerge(SmintJSON{
		"uuid": b.UUID, "content_type": "image", "binary_type": "standard",
		"name": []any{}, "description": []any{}, "usage": SmintText("en", "Main file"),
		"culture": nil, "version": max(b.Version, 1), "download_url": address, "recommended_file_name": b.FileName,
	}, b.Fields)
}

func (b SmintBinary) version(number int) (SmintVersion, bool) {
	if max(b.Version, 1) == number {
		return b.SmintVersion, true
	}
	for _, past := range b.Past {
		if max(past.Version, 1) == number {
			return past, true
		}
	}
	return SmintVersion{}, false
}
