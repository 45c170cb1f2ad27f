package smint

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Binary is one file of a license purchase transaction. More than one makes a
// compound asset.
type Binary struct {
	// UUID is unique only within its transaction.
	UUID BinaryUUID `json:"uuid"`
	// ContentType, Name and Description, if set, override the asset's.
	ContentType ContentType   `json:"content_type"`
	BinaryType  string        `json:"binary_type"`
	Name        LocalizedText `json:"name"`
	Description LocalizedText `json:"description"`
	Usage       LocalizedText `json:"usage"`
	// DownloadURL is secret and good for an hour; empty if there is no file.
	DownloadURL Secret `json:"download_url"`
	// RecommendedFileName is foreign text: never use it as a path.
	RecommendedFileName string `json:"recommended_file_name"`
	// Culture is set if the file is specific to a language.
	Culture string `json:"culture"`
	// Version begins at 1 and grows by 1 with each update of the file; nil if
	// not sent.
	Version *int `json:"version"`
	// Raw is the binary as it came, byte for byte, but for its address.
	Raw json.RawMessage `json:"-"`
}

// EffectiveVersion is the version, 1 if none was sent.
func (b Binary) EffectiveVersion() int {
	if b.Version == nil {
		return 1
	}
	return *b.Version
}

// decodeBinary reads one binary and keeps its bytes but for the address, which
// is a credential.
func decodeBinary(raw json.RawMessage) (Binary, error) {
	var b Binary
	if err := json.Unmarshal(raw, &b); err != nil {
		return b, err
	}
	var err error
	b.Raw, err = redact(raw, "download_url")
	return b, err
}

// redact returns the bytes of an object with the value of one member, however
// often and in whatever case it is there, taken out.
func redact(raw []byte, member string) (json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	var kept []byte
	done := 0
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		if text, ok := name.(string); ok && strings.EqualFold(text, member) && string(value) != "null" {
			end := int(d.InputOffset())
			kept = append(append(kept, raw[done:end-len(value)]...), `"[redacted]"`...)
			done = end
		}
	}
	return append(kept, raw[done:]...), nil
}
